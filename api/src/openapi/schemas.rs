//! Schemas of resources and of their pages, completed by the endpoint table.

use serde_json::{Value, json};
use service::{
    FieldCode,
    books::{Book, BookField},
};
use utoipa::ToSchema;

use crate::endpoints::{Content, endpoints};

/// Completes the schemas that the endpoints of the table return.
pub(super) fn complete(schemas: &mut Value) {
    // The macros that make these enums name their values in a way that the derive does not see.
    schemas["BookField"]["enum"] = BookField::ALL.iter().map(|field| field.name()).collect();
    schemas["FieldCode"]["enum"] = FieldCode::ALL.iter().map(|code| code.as_str()).collect();
    for endpoint in endpoints() {
        match endpoint.content {
            Content::Other => {}
            Content::Resource(name) => require_all(&mut schemas[&*name()]),
            Content::List(name) => {
                require_all(&mut schemas[&*name()]);
                let page = &mut schemas[page_of(&name())];
                page["required"] = json!(["items", "next_cursor"]);
                page["properties"]["items"]["items"] = json!({ "$ref": reference(&name()) });
            }
        }
    }
    add_sparse(schemas, &Book::name());
}

/// Name of the schema of pages of a resource.
pub(super) fn page_of(resource: &str) -> String {
    format!("Page_{resource}")
}

/// Name of the schema of sparse resources.
pub(super) fn sparse(resource: &str) -> String {
    format!("Sparse{resource}")
}

/// Reference to a schema.
pub(super) fn reference(name: &str) -> String {
    format!("#/components/schemas/{name}")
}

/// Requires every field: a resource always has all of them, null ones included.
fn require_all(schema: &mut Value) {
    let fields = schema["properties"].as_object().into_iter().flatten();
    let names: Value = fields.map(|(name, _)| name.clone()).collect();
    schema["required"] = names;
}

/// Adds the schemas of sparse resources and of pages of them.
fn add_sparse(schemas: &mut Value, resource: &str) {
    let mut whole = schemas[resource].clone();
    whole["description"] = "Fields that the parameter `fields` names.".into();
    if let Some(whole) = whole.as_object_mut() {
        whole.remove("required");
        whole.insert("minProperties".to_owned(), 1.into());
    }
    let mut page = schemas[page_of(resource)].clone();
    let name = sparse(resource);
    page["properties"]["items"]["items"] = json!({ "$ref": reference(&name) });
    schemas[page_of(&name)] = page;
    schemas[name] = whole;
}
