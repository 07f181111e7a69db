//! Entities beyond the rules of one project, each in a module of its own.

pub const HERE: &str = module_path!();

macro_rules! entity {
    ($module:ident $(($attribute:ident = $value:literal))* { $($fields:tt)* }) => {
        pub mod $module {
            use sea_orm::entity::prelude::*;

            #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
            #[sea_orm($($attribute = $value),*)]
            pub struct Model { $($fields)* }

            #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
            pub enum Relation {}

            impl ActiveModelBehavior for ActiveModel {}
        }
    };
}

entity!(parcels (table_name = "parcels") { #[sea_orm(primary_key)] pub id: i64, pub code: String });
entity!(arrays (table_name = "arrays") {
    #[sea_orm(primary_key)] pub id: i64,
    #[sea_orm(column_type = "Array(std::sync::Arc::new(ColumnType::Text))")] pub tags: String
});
entity!(addresses (table_name = "addresses") {
    #[sea_orm(primary_key)] pub id: i64,
    #[sea_orm(column_type = "Inet", nullable)] pub address: Option<String>
});
entity!(intervals (table_name = "intervals") {
    #[sea_orm(primary_key)] pub id: i64,
    #[sea_orm(column_type = "Interval(None, None)", nullable)] pub span: Option<String>
});
entity!(unsigned_key (table_name = "posts") { #[sea_orm(primary_key)] pub id: u32, pub title: String });
entity!(counters (table_name = "counters") {
    #[sea_orm(primary_key)] pub id: i64,
    pub big: u64, pub normal: u32, pub small: u16, pub tiny: u8, pub signed: i8
});
entity!(commented (table_name = "articles") (comment = "what is published") {
    #[sea_orm(primary_key)] pub id: i32,
    #[sea_orm(comment = "the author's title", column_type = "String(StringLen::N(255))")] pub title: String
});

pub mod two {
    entity!(sales (schema_name = "sales") (table_name = "events") { #[sea_orm(primary_key)] pub id: i64, pub amount: i64 });
    entity!(audit (schema_name = "audit") (table_name = "events") {
        #[sea_orm(primary_key)] pub id: i64,
        #[sea_orm(indexed)] pub who: String
    });
}

pub mod circle {
    macro_rules! side {
        ($module:ident, $table:literal, $column:ident, $kind:ty, $other:literal, $from:literal, $to:literal) => {
            pub mod $module {
                use sea_orm::entity::prelude::*;

                #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
                #[sea_orm(table_name = $table)]
                pub struct Model {
                    #[sea_orm(primary_key)]
                    pub id: i64,
                    pub $column: $kind,
                }

                #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
                pub enum Relation {
                    #[sea_orm(belongs_to = $other, from = $from, to = $to)]
                    Other,
                }

                impl ActiveModelBehavior for ActiveModel {}
            }
        };
    }

    side!(
        departments,
        "departments",
        head_id,
        Option<i64>,
        "super::employees::Entity",
        "Column::HeadId",
        "super::employees::Column::Id"
    );
    side!(
        employees,
        "employees",
        department_id,
        i64,
        "super::departments::Entity",
        "Column::DepartmentId",
        "super::departments::Column::Id"
    );
}
