//! Every object in the current schema of PostgreSQL and in those that migrations create. Dependencies are those that
//! PostgreSQL records, so objects may depend on each other in any order.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm_migration::sea_orm::{ConnectionTrait, DbErr};

use super::{Error, Sweep, texts};

/// Classes of objects that are dropped by themselves.
const CLASSES: &str = "'pg_class', 'pg_type', 'pg_proc', 'pg_collation', 'pg_operator', 'pg_opclass', 'pg_opfamily', \
    'pg_ts_config', 'pg_ts_dict', 'pg_ts_parser', 'pg_ts_template', 'pg_conversion', 'pg_statistic_ext'";

/// An object: its class, and its id in it.
type Id = (String, String);

/// An object in one of the schemas.
#[derive(Debug)]
struct Member {
    schema: String,
    /// As DROP calls it.
    kind: String,
    name: String,
    identity: String,
    /// A table or a view, whose rows matter.
    relation: bool,
    /// `r`, `p` or `f` of `pg_class`.
    table: bool,
}

/// The objects of the schemas, and the dependencies of the database.
struct Dependencies {
    members: BTreeMap<Id, Member>,
    /// The object that each part belongs to, such as the table of an index.
    owners: BTreeMap<Id, Id>,
    /// Members of extensions.
    extended: BTreeSet<Id>,
    uses: Vec<(Id, Id)>,
    /// Schemas that contain an extension.
    extension_schemas: BTreeSet<String>,
}

pub(super) async fn statements(sweep: &Sweep<'_>, db: &impl ConnectionTrait) -> Result<Vec<String>, Error> {
    let current = texts(db, "SELECT coalesce(current_schema()::text, '')").await?.concat().concat();
    let mut schemas = sweep.schemas.clone();
    schemas.insert(current.clone());
    let found = Dependencies::read(db, &schemas).await?;
    let kept = found.kept(db, sweep).await?;
    // Parts go with their owners.
    let dropped = found.members.iter().filter(|(id, _)| !kept.contains(*id) && found.root(id) == **id);
    let drops =
        dropped.map(|(_, member)| format!("DROP {} IF EXISTS {} CASCADE", member.kind, member.identity));
    let others = schemas.iter().filter(|schema| {
        let stays = |id: &Id| found.members.get(id).is_some_and(|member| member.schema == **schema);
        **schema != current && !kept.iter().any(stays) && !found.extension_schemas.contains(*schema)
    });
    let others = others.map(|schema| format!("DROP SCHEMA IF EXISTS \"{}\"", schema.replace('"', "\"\"")));
    Ok(drops.chain(others).collect())
}

impl Dependencies {
    async fn read(db: &impl ConnectionTrait, schemas: &BTreeSet<String>) -> Result<Self, DbErr> {
        let quoted: Vec<String> =
            schemas.iter().map(|name| format!("'{}'", name.replace('\'', "''"))).collect();
        let members = members(db, &quoted.join(", ")).await?;
        let mut found = Self {
            members,
            owners: BTreeMap::new(),
            extended: BTreeSet::new(),
            uses: Vec::new(),
            extension_schemas: BTreeSet::new(),
        };
        let sql =
            "SELECT d.classid::regclass::text, d.objid::text, d.refclassid::regclass::text, d.refobjid::text,
                d.deptype::text, coalesce(n.nspname::text, '')
            FROM pg_depend d LEFT JOIN pg_namespace n
                ON d.refclassid = 'pg_namespace'::regclass AND n.oid = d.refobjid
            WHERE d.objid >= 16384 OR d.refclassid = 'pg_namespace'::regclass";
        for row in texts(db, sql).await? {
            let [class, id, referred, to, kind, schema] = &row[..] else { continue };
            let (of, to) = ((class.clone(), id.clone()), (referred.clone(), to.clone()));
            match (kind.as_str(), referred.as_str()) {
                ("e", _) => {
                    found.extended.insert(of);
                }
                (_, "pg_namespace") => {
                    if class == "pg_extension" {
                        found.extension_schemas.insert(schema.clone());
                    }
                }
                ("i" | "a" | "P" | "S", _) => {
                    found.owners.entry(of).or_insert(to);
                }
                _ => found.uses.push((of, to)),
            }
        }
        Ok(found)
    }

    /// The object that a part belongs to in the end.
    fn root(&self, id: &Id) -> Id {
        let (mut at, mut steps) = (id, 0);
        while let Some(owner) = self.owners.get(at).filter(|_| steps < 32) {
            (at, steps) = (owner, steps + 1);
        }
        at.clone()
    }

    /// The members that stay.
    ///
    /// # Errors
    /// [`Error::Kept`] if one that stays, or an object elsewhere, uses a table or view that would be dropped.
    async fn kept(&self, db: &impl ConnectionTrait, sweep: &Sweep<'_>) -> Result<BTreeSet<Id>, Error> {
        let is_named = |id: &&Id| {
            let member = &self.members[*id];
            self.extended.contains(*id)
                || sweep.excludes(&member.schema, &member.name)
                || (member.table && !sweep.tables)
        };
        let mut kept: BTreeSet<Id> = self.members.keys().filter(is_named).cloned().collect();
        let mut uses: BTreeMap<Id, BTreeSet<Id>> = BTreeMap::new();
        for (of, to) in &self.uses {
            let (of, to) = (self.root(of), self.root(to));
            if of != to && self.members.contains_key(&to) {
                uses.entry(of).or_default().insert(to);
            }
        }
        let elsewhere = |id: &&Id| !self.members.contains_key(*id) && is_object(id);
        let mut stay: Vec<Id> = kept.iter().chain(uses.keys().filter(elsewhere)).cloned().collect();
        let mut conflicts = Vec::new();
        while let Some(of) = stay.pop() {
            for to in uses.get(&of).into_iter().flatten() {
                if sweep.tables && self.members[to].relation && !kept.contains(to) {
                    conflicts.push((of.clone(), to.clone()));
                } else if kept.insert(to.clone()) {
                    stay.push(to.clone());
                }
            }
        }
        if conflicts.is_empty() { Ok(kept) } else { Err(Error::Kept(described(db, &conflicts).await?)) }
    }
}

/// Whether a class has objects of users' own, rather than properties of other objects, such as casts.
fn is_object((class, _): &Id) -> bool {
    class == "pg_event_trigger" || CLASSES.contains(&format!("'{class}'"))
}

async fn members(db: &impl ConnectionTrait, schemas: &str) -> Result<BTreeMap<Id, Member>, DbErr> {
    let sql = format!(
        "SELECT m.class, m.objid::text, i.schema, i.type, coalesce(p.proname::text, i.name, i.identity), i.identity,
            coalesce(c.relkind::text, '')
        FROM (SELECT DISTINCT d.classid, d.classid::regclass::text AS class, d.objid
            FROM pg_depend d JOIN pg_namespace n ON d.refclassid = 'pg_namespace'::regclass AND n.oid = d.refobjid
            WHERE n.nspname IN ({schemas}) AND d.classid::regclass::text IN ({CLASSES})) AS m
        CROSS JOIN LATERAL pg_identify_object(m.classid, m.objid, 0) AS i
        LEFT JOIN pg_proc p ON m.class = 'pg_proc' AND p.oid = m.objid
        LEFT JOIN pg_class c ON m.class = 'pg_class' AND c.oid = m.objid"
    );
    let mut members = BTreeMap::new();
    for row in texts(db, &sql).await? {
        let [class, id, schema, kind, name, identity, relation] = &row[..] else { continue };
        let plain = |name: &str| match name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
            Some(inner) => inner.replace("\"\"", "\""),
            None => name.to_owned(),
        };
        let kind = match kind.as_str() {
            "statistics object" => "STATISTICS".to_owned(),
            "composite type" => "TYPE".to_owned(),
            kind => kind.to_uppercase(),
        };
        let is = |kinds: &[&str]| kinds.contains(&relation.as_str());
        let member = Member {
            schema: plain(schema),
            kind,
            name: plain(name),
            identity: identity.clone(),
            relation: is(&["r", "p", "f", "v", "m"]),
            table: is(&["r", "p", "f"]),
        };
        members.insert((class.clone(), id.clone()), member);
    }
    Ok(members)
}

async fn described(db: &impl ConnectionTrait, conflicts: &[(Id, Id)]) -> Result<Vec<String>, DbErr> {
    let mut described = BTreeSet::new();
    for ((class, id), (of, to)) in conflicts {
        let sql = format!(
            "SELECT pg_describe_object('{class}'::regclass, {id}, 0) || ' refers to '
                || pg_describe_object('{of}'::regclass, {to}, 0)"
        );
        described.extend(texts(db, &sql).await?.concat());
    }
    Ok(described.into_iter().collect())
}
