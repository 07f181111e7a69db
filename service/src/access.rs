//! Permission table: one row for each action, with the roles that may perform it. Operations check it, and
//! the OpenAPI document and the tests are generated from it.

use crate::Role;

/// Scope of a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The actor's own account and resources.
    Own,
    /// Accounts and resources of any owner.
    Any,
}

/// One row of the permission table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Whether requests without an access token are allowed.
    pub anonymous: bool,
    /// Scope for role `user`; none if the role is denied.
    pub user: Option<Reach>,
    /// Scope for role `cashier`; none if the role is denied.
    pub cashier: Option<Reach>,
    /// Scope for role `admin`; none if the role is denied.
    pub admin: Option<Reach>,
    /// Whether accounts with an unverified address are allowed.
    pub unverified: bool,
}

/// Reads one row of the permission table.
macro_rules! rule {
    ($anonymous:ident $user:ident $cashier:ident $admin:ident $unverified:ident) => {
        Rule {
            anonymous: rule!(@flag $anonymous),
            user: rule!(@reach $user),
            cashier: rule!(@reach $cashier),
            admin: rule!(@reach $admin),
            unverified: rule!(@flag $unverified),
        }
    };
    (@flag yes) => { true };
    (@flag no) => { false };
    (@reach any) => { Some(Reach::Any) };
    (@reach own) => { Some(Reach::Own) };
    (@reach none) => { None };
}

impl Rule {
    /// Rule of endpoints that are open to everyone and have no action.
    pub const PUBLIC: Self = rule!(yes any any any yes);

    /// Scope for `role`; none if the role is denied.
    #[must_use]
    pub const fn of(self, role: Role) -> Option<Reach> {
        match role {
            Role::User => self.user,
            Role::Cashier => self.cashier,
            Role::Admin => self.admin,
        }
    }
}

macro_rules! actions {
    ($($action:ident $name:literal $anonymous:ident $user:ident $cashier:ident $admin:ident $unverified:ident;)+) => {
        /// Action with a row in the permission table. Its name is the `operationId` of its endpoint.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action {
            $(#[doc = concat!("The operation `", $name, "`.")] $action,)+
        }

        impl Action {
            /// Every action.
            pub const ALL: &[Self] = &[$(Self::$action),+];

            /// Name in lower camel case.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$action => $name,)+
                }
            }

            /// Row of the permission table.
            #[must_use]
            pub const fn rule(self) -> Rule {
                match self {
                    $(Self::$action => rule!($anonymous $user $cashier $admin $unverified),)+
                }
            }
        }
    };
}

actions! {
    // action             name                    anonymous user cashier admin unverified
    SignUp                "signUp"                yes       any  any     any   yes;
    LogIn                 "logIn"                 yes       any  any     any   yes;
    Refresh               "refresh"               yes       any  any     any   yes;
    LogOut                "logOut"                no        own  own     own   yes;
    VerifyEmail           "verifyEmail"           yes       any  any     any   yes;
    ResendVerification    "resendVerification"    yes       any  any     any   yes;
    RequestPasswordReset  "requestPasswordReset"  yes       any  any     any   yes;
    ResetPassword         "resetPassword"         yes       any  any     any   yes;
    GetMe                 "getMe"                 no        own  own     own   yes;
    UpdateMe              "updateMe"              no        own  own     own   no;
    DeleteMe              "deleteMe"              no        own  own     own   yes;
    ChangePassword        "changePassword"        no        own  own     own   no;
    ChangeEmail           "changeEmail"           no        own  own     own   yes;
    ExportMe              "exportMe"              no        own  own     own   yes;
    ListSessions          "listSessions"          no        own  own     own   yes;
    EndOtherSessions      "endOtherSessions"      no        own  own     own   yes;
    EndSession            "endSession"            no        own  own     own   yes;
    ListUsers             "listUsers"             no        none none    any   no;
    CreateUser            "createUser"            no        none none    any   no;
    GetUser               "getUser"               no        none none    any   no;
    UpdateUser            "updateUser"            no        none none    any   no;
    DeleteUser            "deleteUser"            no        none none    any   no;
    SendPasswordReset     "sendPasswordReset"     no        none none    any   no;
    EndUserSessions       "endUserSessions"       no        none none    any   no;
    ListUserBooks         "listUserBooks"         yes       any  any     any   yes;
    ListBooks             "listBooks"             yes       any  any     any   yes;
    GetBookFacets         "getBookFacets"         yes       any  any     any   yes;
    CreateBook            "createBook"            no        own  own     own   no;
    GetBook               "getBook"               yes       any  any     any   yes;
    GetBookByIsbn         "getBookByIsbn"         yes       any  any     any   yes;
    UpdateBook            "updateBook"            no        own  any     any   no;
    DeleteBook            "deleteBook"            no        own  own     any   no;
    ImportBooks           "importBooks"           no        own  own     own   no;
    ExportBooks           "exportBooks"           no        any  any     any   no;
}
