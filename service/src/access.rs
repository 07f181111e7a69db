//! Who may do what: the roles, the actions, and the one table that ties them. Guards, the OpenAPI
//! document and the tests are made from it.

use crate::Role;

/// How far a permission reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// What the actor made or is.
    Own,
    /// Everybody's.
    Any,
}

/// One row of the permission table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Whether one who is not signed in may.
    pub anonymous: bool,
    /// What role `user` may.
    pub user: Option<Reach>,
    /// What role `cashier` may.
    pub cashier: Option<Reach>,
    /// What role `admin` may.
    pub admin: Option<Reach>,
    /// Whether an account whose address is not verified may.
    pub unverified: bool,
}

impl Rule {
    /// What `role` may.
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
    ($($(#[$doc:meta])* $action:ident = $name:literal,)+) => {
        /// What can be done, by the name it has in the OpenAPI document (`operationId`).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action {
            $($(#[$doc])* $action,)+
        }

        impl Action {
            /// Every action.
            pub const ALL: &[Self] = &[$(Self::$action),+];

            /// The action's name in lower camel case.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$action => $name,)+
                }
            }
        }
    };
}

actions! {
    /// Open an account for oneself.
    SignUp = "signUp",
    /// Begin a session.
    LogIn = "logIn",
    /// Go on with a session.
    Refresh = "refresh",
    /// End the session in use.
    LogOut = "logOut",
    /// Show that an address is the account's owner's.
    VerifyEmail = "verifyEmail",
    /// Have the mail that verifies an address sent once more.
    ResendVerification = "resendVerification",
    /// Have the mail sent by which a new password can be chosen.
    RequestPasswordReset = "requestPasswordReset",
    /// Choose a new password by the token of that mail.
    ResetPassword = "resetPassword",
    /// Read the account in use.
    GetMe = "getMe",
    /// Change the account in use.
    UpdateMe = "updateMe",
    /// Delete the account in use.
    DeleteMe = "deleteMe",
    /// Change the password of the account in use.
    ChangePassword = "changePassword",
    /// Change the address of the account in use.
    ChangeEmail = "changeEmail",
    /// Take along everything that is held about the account in use.
    ExportMe = "exportMe",
    /// List the sessions of the account in use.
    ListSessions = "listSessions",
    /// End every other session of the account in use.
    EndOtherSessions = "endOtherSessions",
    /// End a session of the account in use.
    EndSession = "endSession",
    /// List accounts.
    ListUsers = "listUsers",
    /// Open an account for somebody.
    CreateUser = "createUser",
    /// Read an account.
    GetUser = "getUser",
    /// Change an account, its role or whether it is active.
    UpdateUser = "updateUser",
    /// Delete an account.
    DeleteUser = "deleteUser",
    /// Have the mail sent by which the owner of an account can choose a new password.
    SendPasswordReset = "sendPasswordReset",
    /// End every session of an account.
    EndUserSessions = "endUserSessions",
    /// List the books that a user added.
    ListUserBooks = "listUserBooks",
    /// List the catalogue.
    ListBooks = "listBooks",
    /// Count what the books of a list have in common.
    GetBookFacets = "getBookFacets",
    /// Add a book.
    CreateBook = "createBook",
    /// Read a book.
    GetBook = "getBook",
    /// Read a book by its ISBN.
    GetBookByIsbn = "getBookByIsbn",
    /// Change a book.
    UpdateBook = "updateBook",
    /// Delete a book.
    DeleteBook = "deleteBook",
    /// Bring a file of books in.
    ImportBooks = "importBooks",
    /// Take books out as a file.
    ExportBooks = "exportBooks",
    /// Read the OpenAPI document.
    GetOpenapi = "getOpenapi",
    /// Read what a problem means.
    GetProblem = "getProblem",
    /// Ask whether the process lives.
    GetLiveness = "getLiveness",
    /// Ask whether it can serve.
    GetReadiness = "getReadiness",
}

impl Action {
    /// The action's row in the permission table.
    #[must_use]
    pub const fn rule(self) -> Rule {
        use Reach::{Any, Own};
        match self {
            //                     anonymous  user       cashier    admin      unverified
            Self::SignUp
            | Self::LogIn
            | Self::Refresh
            | Self::VerifyEmail
            | Self::ResendVerification
            | Self::RequestPasswordReset
            | Self::ResetPassword
            | Self::ListUserBooks
            | Self::ListBooks
            | Self::GetBookFacets
            | Self::GetBook
            | Self::GetBookByIsbn
            | Self::GetOpenapi
            | Self::GetProblem
            | Self::GetLiveness
            | Self::GetReadiness => row(true, Some(Any), Some(Any), Some(Any), true),
            Self::LogOut
            | Self::GetMe
            | Self::ExportMe
            | Self::ListSessions
            | Self::EndOtherSessions
            | Self::EndSession => row(false, Some(Own), Some(Own), Some(Own), true),
            Self::UpdateMe | Self::DeleteMe | Self::ChangePassword | Self::ChangeEmail => {
                row(false, Some(Own), Some(Own), Some(Own), false)
            }
            Self::ExportBooks => row(false, Some(Any), Some(Any), Some(Any), true),
            Self::CreateBook | Self::ImportBooks => row(false, Some(Own), Some(Own), Some(Own), false),
            Self::UpdateBook => row(false, Some(Own), Some(Any), Some(Any), false),
            Self::DeleteBook => row(false, Some(Own), Some(Own), Some(Any), false),
            Self::ListUsers
            | Self::CreateUser
            | Self::GetUser
            | Self::UpdateUser
            | Self::DeleteUser
            | Self::SendPasswordReset
            | Self::EndUserSessions => row(false, None, None, Some(Any), false),
        }
    }
}

const fn row(
    anonymous: bool,
    user: Option<Reach>,
    cashier: Option<Reach>,
    admin: Option<Reach>,
    unverified: bool,
) -> Rule {
    Rule { anonymous, user, cashier, admin, unverified }
}
