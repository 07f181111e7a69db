//! The statements of the current schema of a PostgreSQL database, from the server's own words for its objects.

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement};

use super::Piece;

/// Parts that all queries share: the schema, its relations, types and functions without those of extensions, and the
/// columns that are what `serial` makes.
const OURS: &str = "
    WITH ns AS (SELECT oid, nspname FROM pg_namespace WHERE nspname = current_schema()),
    extended AS (SELECT classid, objid FROM pg_depend WHERE deptype = 'e'),
    rel AS (
        SELECT c.*, quote_ident(c.relname) AS q FROM pg_class c JOIN ns ON ns.oid = c.relnamespace
        WHERE NOT EXISTS (SELECT FROM extended e WHERE e.objid = c.oid AND e.classid = 'pg_class'::regclass)
    ),
    typ AS (
        SELECT t.*, quote_ident(t.typname) AS q FROM pg_type t JOIN ns ON ns.oid = t.typnamespace
        WHERE NOT EXISTS (SELECT FROM extended e WHERE e.objid = t.oid AND e.classid = 'pg_type'::regclass)
    ),
    seq AS (
        SELECT rel.oid, rel.relname, rel.q, s.*, d.refobjid, d.refobjsubid, d.deptype,
            (SELECT t.relname FROM pg_class t WHERE t.oid = d.refobjid) AS owner,
            (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = d.refobjid AND a.attnum = d.refobjsubid) AS part
        FROM rel JOIN pg_sequence s ON s.seqrelid = rel.oid
        LEFT JOIN pg_depend d ON d.objid = rel.oid AND d.classid = 'pg_class'::regclass
            AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
    ),
    serial AS (
        SELECT seq.* FROM seq JOIN pg_attribute a ON a.attrelid = refobjid AND a.attnum = refobjsubid
        JOIN pg_attrdef f ON f.adrelid = refobjid AND f.adnum = refobjsubid
        WHERE deptype = 'a' AND a.attnotnull AND a.atttypid = seqtypid AND relname = owner || '_' || part || '_seq'
        AND pg_get_expr(f.adbin, f.adrelid) = 'nextval(' || quote_literal(q) || '::regclass)'
        AND (seqstart, seqincrement, seqmin, seqcache, seqcycle) = (1, 1, 1, 1, false)
        AND seqmax = CASE format_type(seqtypid, NULL) WHEN 'smallint' THEN 32767 WHEN 'integer' THEN 2147483647
            ELSE 9223372036854775807 END
    )";

/// Each query returns the name by which an object is left out, and the statements that create and undo it. Those that
/// others usually depend on come first.
const PARTS: &[&str] = &[
    "SELECT '', 'CREATE EXTENSION IF NOT EXISTS ' || quote_ident(extname), NULL
        FROM pg_extension WHERE extname <> 'plpgsql'",
    "SELECT typname, 'CREATE TYPE ' || q || ' AS ENUM (' || (SELECT string_agg(quote_literal(enumlabel), ', '
            ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = typ.oid) || ')', 'DROP TYPE ' || q
        FROM typ WHERE typtype = 'e'",
    "SELECT typname, concat_ws(' ', 'CREATE DOMAIN', q, 'AS', format_type(typbasetype, typtypmod),
            'DEFAULT ' || typdefault, CASE WHEN typnotnull THEN 'NOT NULL' END,
            (SELECT string_agg('CONSTRAINT ' || quote_ident(conname) || ' ' || pg_get_constraintdef(k.oid, true), ' ')
                FROM pg_constraint k WHERE contypid = typ.oid AND contype = 'c')), 'DROP DOMAIN ' || q
        FROM typ WHERE typtype = 'd'",
    "SELECT relname, 'CREATE TYPE ' || q || ' AS (' || (SELECT string_agg(quote_ident(attname) || ' ' ||
            format_type(atttypid, atttypmod), ', ' ORDER BY attnum) FROM pg_attribute
            WHERE attrelid = rel.oid AND attnum > 0 AND NOT attisdropped) || ')', 'DROP TYPE ' || q
        FROM rel WHERE relkind = 'c'",
    "SELECT coalesce(owner, relname), 'CREATE SEQUENCE ' || q || ' AS ' || format_type(seqtypid, NULL)
            || ' START ' || seqstart || ' INCREMENT ' || seqincrement || ' MINVALUE ' || seqmin || ' MAXVALUE ' || seqmax
            || ' CACHE ' || seqcache || CASE WHEN seqcycle THEN ' CYCLE' ELSE '' END, 'DROP SEQUENCE ' || q
        FROM seq WHERE deptype IS DISTINCT FROM 'i' AND oid NOT IN (SELECT oid FROM serial)",
    "SELECT proname, replace(pg_get_functiondef(p.oid), ' ' || quote_ident(nspname) || '.' || quote_ident(proname) || '(',
            ' ' || quote_ident(proname) || '('), 'DROP ' || CASE prokind WHEN 'p' THEN 'PROCEDURE ' ELSE 'FUNCTION ' END
            || quote_ident(proname) || '(' || pg_get_function_identity_arguments(p.oid) || ')'
        FROM pg_proc p JOIN ns ON ns.oid = pronamespace WHERE prokind IN ('f', 'p')
        AND NOT EXISTS (SELECT FROM extended e WHERE e.objid = p.oid AND e.classid = 'pg_proc'::regclass)",
    "SELECT relname, 'CREATE ' || CASE relpersistence WHEN 'u' THEN 'UNLOGGED ' ELSE '' END || 'TABLE ' || q || E' (\\n    '
            || concat_ws(E',\\n    ', (SELECT string_agg(concat_ws(' ', quote_ident(attname),
                CASE WHEN serial.oid IS NULL THEN format_type(atttypid, atttypmod)
                    WHEN format_type(atttypid, NULL) = 'smallint' THEN 'smallserial'
                    WHEN format_type(atttypid, NULL) = 'integer' THEN 'serial' ELSE 'bigserial' END,
                CASE WHEN attcollation <> typcollation THEN 'COLLATE ' || attcollation::regcollation END,
                CASE attidentity WHEN 'a' THEN 'GENERATED ALWAYS AS IDENTITY'
                    WHEN 'd' THEN 'GENERATED BY DEFAULT AS IDENTITY' END,
                CASE WHEN attgenerated <> '' THEN 'GENERATED ALWAYS AS (' || pg_get_expr(adbin, adrelid) || ')'
                        || CASE attgenerated WHEN 's' THEN ' STORED' ELSE '' END
                    WHEN serial.oid IS NULL THEN 'DEFAULT ' || pg_get_expr(adbin, adrelid) END,
                CASE WHEN attnotnull THEN 'NOT NULL' END), E',\\n    ' ORDER BY attnum)
            FROM pg_attribute a JOIN pg_type t ON t.oid = atttypid
            LEFT JOIN pg_attrdef d ON d.adrelid = attrelid AND d.adnum = attnum
            LEFT JOIN serial ON refobjid = attrelid AND refobjsubid = attnum
            WHERE attrelid = rel.oid AND attnum > 0 AND NOT attisdropped),
            (SELECT string_agg(CASE conname WHEN relname || '_pkey' THEN '' ELSE 'CONSTRAINT ' || quote_ident(conname) || ' ' END
                || pg_get_constraintdef(k.oid, true), E',\\n    ' ORDER BY position(contype::text IN 'puxc'), conname)
            FROM pg_constraint k WHERE conrelid = rel.oid AND contype IN ('p', 'u', 'x', 'c'))) || E'\\n)'
            || coalesce(' WITH (' || array_to_string(reloptions, ', ') || ')', ''), 'DROP TABLE ' || q
        FROM rel WHERE relkind = 'r'",
    "SELECT owner, 'ALTER SEQUENCE ' || q || ' OWNED BY ' || quote_ident(owner) || '.' || quote_ident(part),
            'ALTER SEQUENCE ' || q || ' OWNED BY NONE'
        FROM seq WHERE deptype = 'a' AND oid NOT IN (SELECT oid FROM serial)",
    "SELECT relname, pg_get_indexdef(indexrelid, 0, true), NULL FROM rel JOIN pg_index x ON indrelid = rel.oid
        WHERE relkind IN ('r', 'm') AND NOT EXISTS (SELECT FROM pg_constraint k
            WHERE k.conindid = indexrelid AND k.conrelid = rel.oid AND k.contype IN ('p', 'u', 'x'))",
    "SELECT relname, 'ALTER TABLE ' || q || ' ADD CONSTRAINT ' || quote_ident(conname) || ' '
            || pg_get_constraintdef(k.oid, true), 'ALTER TABLE ' || q || ' DROP CONSTRAINT ' || quote_ident(conname)
        FROM rel JOIN pg_constraint k ON conrelid = rel.oid WHERE contype = 'f' ORDER BY relname, conname",
    "SELECT relname, 'CREATE ' || CASE relkind WHEN 'm' THEN 'MATERIALIZED ' ELSE '' END || 'VIEW ' || q
            || coalesce(' WITH (' || array_to_string(reloptions, ', ') || ')', '') || ' AS'
            || rtrim(pg_get_viewdef(oid, true), ';'),
            'DROP ' || CASE relkind WHEN 'm' THEN 'MATERIALIZED ' ELSE '' END || 'VIEW ' || q
        FROM rel WHERE relkind IN ('v', 'm') ORDER BY oid",
    "SELECT relname, pg_get_triggerdef(t.oid, true), NULL FROM rel JOIN pg_trigger t ON tgrelid = rel.oid
        WHERE NOT tgisinternal ORDER BY relname, tgname",
    "SELECT relname, 'ALTER TABLE ' || q || CASE tgenabled WHEN 'D' THEN ' DISABLE' WHEN 'R' THEN ' ENABLE REPLICA'
            ELSE ' ENABLE ALWAYS' END || ' TRIGGER ' || quote_ident(tgname), NULL
        FROM rel JOIN pg_trigger t ON tgrelid = rel.oid WHERE NOT tgisinternal AND tgenabled <> 'O'",
    "SELECT relname, 'ALTER TABLE ' || q || ' ENABLE ROW LEVEL SECURITY', NULL FROM rel WHERE relrowsecurity",
    "SELECT relname, 'ALTER TABLE ' || q || ' FORCE ROW LEVEL SECURITY', NULL FROM rel WHERE relforcerowsecurity",
    "SELECT relname, concat_ws(' ', 'CREATE POLICY', quote_ident(polname), 'ON', q,
            CASE WHEN polpermissive THEN 'AS PERMISSIVE' ELSE 'AS RESTRICTIVE' END, 'FOR ' || CASE polcmd
                WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
            'TO ' || (SELECT string_agg(CASE r WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END, ', ')
                FROM unnest(polroles) r),
            'USING (' || pg_get_expr(polqual, polrelid) || ')',
            'WITH CHECK (' || pg_get_expr(polwithcheck, polrelid) || ')'), NULL
        FROM rel JOIN pg_policy ON polrelid = rel.oid",
    "SELECT relname, 'COMMENT ON TABLE ' || q || ' IS ' || quote_literal(obj_description(oid, 'pg_class')), NULL
        FROM rel WHERE relkind = 'r' AND obj_description(oid, 'pg_class') IS NOT NULL",
    "SELECT relname, 'COMMENT ON COLUMN ' || q || '.' || quote_ident(attname) || ' IS '
            || quote_literal(col_description(attrelid, attnum)), NULL
        FROM rel JOIN pg_attribute ON attrelid = rel.oid WHERE relkind = 'r' AND attnum > 0 AND NOT attisdropped
        AND col_description(attrelid, attnum) IS NOT NULL ORDER BY relname, attnum",
];

/// Tables of which a plain statement would make something else.
const UNSUPPORTED: &str = "SELECT relname::text, CASE WHEN relkind = 'f' THEN 'foreign table '
        WHEN relkind = 'p' OR relispartition THEN 'partitioned table ' ELSE 'inheriting table ' END || relname
    FROM rel WHERE relkind IN ('p', 'f') OR (relkind = 'r' AND EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = rel.oid))
    ORDER BY relname";

pub(super) async fn read<C: ConnectionTrait>(
    db: &C,
    keep: impl Fn(&str) -> bool,
) -> Result<Vec<Piece>, DbErr> {
    let mut pieces = Vec::new();
    for part in PARTS {
        for row in
            rows(db, &format!("SELECT o::text, c::text, u::text FROM ({part}) AS part(o, c, u)")).await?
        {
            let (owner, create): (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            if keep(&owner) {
                pieces.push(Piece { create, undo: row.try_get_by_index(2)? });
            }
        }
    }
    // A schema without objects has no pieces, whatever extensions the database has.
    if pieces.iter().all(|piece| piece.create.starts_with("CREATE EXTENSION")) {
        pieces.clear();
    }
    Ok(pieces)
}

/// Tables that cannot be written, in words.
pub(super) async fn unsupported<C: ConnectionTrait>(
    db: &C,
    keep: impl Fn(&str) -> bool,
) -> Result<Vec<String>, DbErr> {
    let mut found = Vec::new();
    for row in rows(db, UNSUPPORTED).await? {
        let (table, words): (String, String) = row.try_get_many_by_index()?;
        found.extend(keep(&table).then_some(words));
    }
    Ok(found)
}

async fn rows<C: ConnectionTrait>(db: &C, query: &str) -> Result<Vec<QueryResult>, DbErr> {
    db.query_all_raw(Statement::from_string(DbBackend::Postgres, format!("{OURS} {query}"))).await
}
