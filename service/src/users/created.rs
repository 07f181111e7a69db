//! Response to the creation of an account by an administrator.

use serde::Serialize;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ObjectBuilder, RefOr, Schema,
        schema::{OneOfBuilder, Type},
    },
};

use super::User;
use crate::mail::PasswordLink;

/// New account, with the link to hand over if no mail is sent.
#[derive(Debug, Serialize)]
pub struct CreatedUser {
    /// The account.
    #[serde(flatten)]
    pub user: User,
    /// Link by which the owner chooses the password; null if it was mailed.
    pub password_link: Option<PasswordLink>,
}

// The derive would describe `flatten` by `allOf`, in which the fields of a resource cannot be required.
impl PartialSchema for CreatedUser {
    fn schema() -> RefOr<Schema> {
        let RefOr::T(Schema::Object(user)) = User::schema() else { return User::schema() };
        let link = OneOfBuilder::new()
            .item(ObjectBuilder::new().schema_type(Type::Null))
            .item(utoipa::openapi::Ref::from_schema_name(PasswordLink::name()))
            .description(Some(
                "Link by which the owner chooses the password, shown once; null if it was mailed.",
            ));
        ObjectBuilder::from(user)
            .description(Some("New account, with the link to hand over if no mail is sent."))
            .property("password_link", link)
            .into()
    }
}

impl ToSchema for CreatedUser {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        User::schemas(schemas);
        schemas.push((PasswordLink::name().into_owned(), PasswordLink::schema()));
        PasswordLink::schemas(schemas);
    }
}
