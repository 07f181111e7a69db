//! How a statement changes one table.

use sqlparser::ast::{self, AlterColumnOperation, AlterTableOperation, ColumnOption, TableConstraint};

use super::{Check, Column, Index, Part, PrimaryKey, Table, expression, foreign_key, kind, part};

impl Table {
    /// Follows one part of an ALTER TABLE; `None` if it is not understood.
    pub(super) fn alter(&mut self, operation: AlterTableOperation) -> Option<()> {
        match operation {
            AlterTableOperation::AddColumn { column_def, if_not_exists, .. } => {
                if if_not_exists && self.column(&column_def.name.value).is_some() {
                    return Some(());
                }
                self.add_column(column_def)
            }
            AlterTableOperation::DropColumn { column_names, .. } => {
                for name in &column_names {
                    self.drop_column(&name.value);
                }
                Some(())
            }
            AlterTableOperation::AddConstraint { constraint, .. } => self.add_constraint(constraint),
            AlterTableOperation::DropConstraint { name, .. }
            | AlterTableOperation::DropForeignKey { name, .. }
            | AlterTableOperation::DropIndex { name } => {
                self.drop_constraint(&name.value);
                Some(())
            }
            AlterTableOperation::DropPrimaryKey { .. } => {
                self.primary_key = None;
                Some(())
            }
            AlterTableOperation::RenameConstraint { old_name, new_name } => {
                self.rename_constraint(&old_name.value, &new_name.value);
                Some(())
            }
            AlterTableOperation::AlterColumn { column_name, op } => self.alter_column(&column_name.value, op),
            AlterTableOperation::ModifyColumn { col_name, data_type, options, .. } => {
                self.replace_column(&col_name.value.clone(), col_name, data_type, options)
            }
            AlterTableOperation::ChangeColumn { old_name, new_name, data_type, options, .. } => {
                self.replace_column(&old_name.value, new_name, data_type, options)
            }
            // These change how a table is stored, not its definition.
            AlterTableOperation::OwnerTo { .. } | AlterTableOperation::ValidateConstraint { .. } => Some(()),
            _ => None,
        }
    }

    pub(super) fn add_column(&mut self, def: ast::ColumnDef) -> Option<()> {
        let name = def.name.value;
        let (kind, serial) = kind::of(&def.data_type);
        let mut column = Column {
            name: name.clone(),
            kind,
            nullable: !serial,
            default: None,
            auto_increment: serial,
            generated: None,
        };
        for option in def.options {
            self.follow_option(&mut column, option.name.map(|name| name.value), option.option)?;
        }
        self.columns.push(column);
        Some(())
    }

    fn follow_option(
        &mut self,
        column: &mut Column,
        name: Option<String>,
        option: ColumnOption,
    ) -> Option<()> {
        match option {
            ColumnOption::Null => column.nullable = true,
            ColumnOption::NotNull => column.nullable = false,
            ColumnOption::Default(expr) => column.default = Some(default(expr)),
            ColumnOption::PrimaryKey(_) => {
                column.nullable = false;
                self.primary_key = Some(PrimaryKey { name, columns: vec![column.name.clone()] });
            }
            ColumnOption::Unique(_) => {
                let part = Part { key: column.name.clone(), expression: false, descending: false };
                self.indexes.push(declared(name, vec![part], true));
            }
            ColumnOption::Check(check) => {
                let name = name.or(check.name.map(|name| name.value));
                self.checks.push(Check { name, condition: expression(*check.expr) });
            }
            ColumnOption::ForeignKey(mut key) => {
                key.columns = vec![ast::Ident::new(column.name.clone())];
                self.foreign_keys.push(foreign_key(key));
            }
            ColumnOption::Generated { generation_expr: Some(expr), .. } => {
                column.generated = Some(expression(expr));
            }
            ColumnOption::Generated { generation_expr: None, .. } | ColumnOption::Identity(_) => {
                column.auto_increment = true;
                column.nullable = false;
            }
            ColumnOption::DialectSpecific(tokens) => {
                let text = tokens.iter().map(ToString::to_string).collect::<String>();
                column.auto_increment |= text.replace('_', "").eq_ignore_ascii_case("autoincrement");
            }
            ColumnOption::Comment(_)
            | ColumnOption::CharacterSet(_)
            | ColumnOption::Collation(_)
            | ColumnOption::OnUpdate(_) => {}
            _ => return None,
        }
        Some(())
    }

    pub(super) fn add_constraint(&mut self, constraint: TableConstraint) -> Option<()> {
        match constraint {
            TableConstraint::PrimaryKey(key) => {
                let columns: Vec<String> = key.columns.into_iter().map(|column| part(column).key).collect();
                for column in self.columns.iter_mut().filter(|column| columns.contains(&column.name)) {
                    column.nullable = false;
                }
                self.primary_key = Some(PrimaryKey { name: key.name.map(|name| name.value), columns });
            }
            TableConstraint::Unique(unique) => {
                let name = unique.name.or(unique.index_name).map(|name| name.value);
                self.indexes.push(declared(name, unique.columns.into_iter().map(part).collect(), true));
            }
            TableConstraint::Index(index) => {
                let name = index.name.map(|name| name.value);
                self.indexes.push(declared(name, index.columns.into_iter().map(part).collect(), false));
            }
            TableConstraint::ForeignKey(key) => self.foreign_keys.push(foreign_key(key)),
            TableConstraint::Check(check) => self
                .checks
                .push(Check { name: check.name.map(|name| name.value), condition: expression(*check.expr) }),
            _ => return None,
        }
        Some(())
    }

    /// Removes the constraints of that name, given or, on PostgreSQL, by its own convention.
    fn drop_constraint(&mut self, name: &str) {
        let table = self.name.clone();
        let is = |given: Option<&String>, columns: &[&str], suffix: &str| match given {
            Some(given) => given == name,
            None => name == format!("{table}_{}_{suffix}", columns.join("_")),
        };
        if self.primary_key.as_ref().is_some_and(|key| match &key.name {
            Some(given) => given == name,
            None => name == format!("{table}_pkey"),
        }) {
            self.primary_key = None;
        }
        self.indexes.retain(|index| !is(index.name.as_ref(), &index.columns().collect::<Vec<_>>(), "key"));
        self.foreign_keys.retain(|key| {
            !is(key.name.as_ref(), &key.columns.iter().map(String::as_str).collect::<Vec<_>>(), "fkey")
        });
        self.checks.retain(|check| match &check.name {
            Some(given) => given != name,
            None => !(name.starts_with(&table) && name.contains("check")),
        });
    }

    fn rename_constraint(&mut self, from: &str, to: &str) {
        let names = self
            .indexes
            .iter_mut()
            .map(|index| &mut index.name)
            .chain(self.foreign_keys.iter_mut().map(|key| &mut key.name))
            .chain(self.checks.iter_mut().map(|check| &mut check.name))
            .chain(self.primary_key.iter_mut().map(|key| &mut key.name));
        names.filter(|name| name.as_deref() == Some(from)).for_each(|name| *name = Some(to.to_owned()));
    }

    fn alter_column(&mut self, name: &str, operation: AlterColumnOperation) -> Option<()> {
        let column = self.columns.iter_mut().find(|column| column.name == name)?;
        match operation {
            AlterColumnOperation::SetNotNull => column.nullable = false,
            AlterColumnOperation::DropNotNull => column.nullable = true,
            AlterColumnOperation::SetDefault { value } => column.default = Some(default(value)),
            AlterColumnOperation::DropDefault => column.default = None,
            AlterColumnOperation::SetDataType { data_type, .. } => column.kind = kind::of(&data_type).0,
            AlterColumnOperation::AddGenerated { .. } => column.auto_increment = true,
        }
        Some(())
    }

    fn replace_column(
        &mut self,
        old: &str,
        name: ast::Ident,
        data_type: ast::DataType,
        options: Vec<ColumnOption>,
    ) -> Option<()> {
        let at = self.columns.iter().position(|column| column.name == old)?;
        let options = options.into_iter().map(|option| ast::ColumnOptionDef { name: None, option }).collect();
        self.add_column(ast::ColumnDef { name, data_type, options })?;
        let column = self.columns.pop()?;
        self.columns[at] = column;
        Some(())
    }
}

/// An index that is declared with its table.
fn declared(name: Option<String>, parts: Vec<Part>, unique: bool) -> Index {
    Index { name, parts, unique, constraint: true, predicate: None, method: None }
}

/// The SQL of a default.
fn default(expr: ast::Expr) -> String {
    let sql = expression(expr);
    let lower = sql.to_lowercase();
    match lower.as_str() {
        "null" | "true" | "false" | "current_timestamp" | "current_date" => lower,
        // PostgreSQL has several names for the same clock.
        "now()" | "current_timestamp()" => "current_timestamp".to_owned(),
        _ => sql,
    }
}
