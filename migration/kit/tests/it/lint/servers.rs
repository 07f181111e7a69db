//! Rules of MariaDB and PostgreSQL.

use super::*;

#[test]
fn mariadb_is_known_for_what_it_copies() {
    expect(
        DbBackend::MySql,
        &[
            (&["ALTER TABLE shelves MODIFY label varchar(300)"], &[]),
            (
                &["ALTER TABLE shelves MODIFY label varchar(10)"],
                &["changing-column-type", "narrowing-column-type"],
            ),
            (&["ALTER TABLE shelves MODIFY label varchar(20) NOT NULL"], &["adding-not-nullable-field"]),
            (&["ALTER TABLE shelves MODIFY label varchar(20) DEFAULT 'x'"], &[]),
            (&["ALTER TABLE shelves MODIFY size int"], &["changing-column-type", "narrowing-column-type"]),
            (&["ALTER TABLE shelves MODIFY size double"], &["changing-column-type", "narrowing-column-type"]),
            (&["ALTER TABLE shelves CHANGE label title varchar(20)"], &["renaming-column"]),
            (&["ALTER TABLE shelves MODIFY unheard text"], &["changing-column-type"]),
            (
                &["ALTER TABLE shelves ADD CONSTRAINT fk FOREIGN KEY (size) REFERENCES shelves (id)"],
                &["adding-foreign-key-constraint"],
            ),
            (
                &[
                    "SET foreign_key_checks = 0",
                    "ALTER TABLE shelves ADD CONSTRAINT fk FOREIGN KEY (size) REFERENCES shelves (id)",
                    "SET foreign_key_checks = 1",
                ],
                &[],
            ),
            (&["ALTER TABLE shelves ADD CONSTRAINT ck CHECK (size > 0)"], &["constraint-missing-not-valid"]),
            (&["CREATE INDEX later ON shelves (size)"], &[]),
            (&["CREATE UNIQUE INDEX later ON shelves (size)"], &["adding-unique-index"]),
            (&["CREATE FULLTEXT INDEX later ON shelves (kind)"], &["require-concurrent-index-creation"]),
            (
                &["ALTER TABLE shelves ADD FULLTEXT INDEX later (kind)"],
                &["require-concurrent-index-creation"],
            ),
            (&["ALTER TABLE shelves CONVERT TO CHARACTER SET utf8mb4"], &["converting-character-set"]),
            (
                &["ALTER TABLE shelves DROP PRIMARY KEY, ADD PRIMARY KEY (id, size)"],
                &["adding-serial-primary-key-field"],
            ),
            (
                &["ALTER TABLE shelves ADD COLUMN n bigint NOT NULL AUTO_INCREMENT UNIQUE"],
                &["adding-serial-primary-key-field"],
            ),
            (
                &["ALTER TABLE shelves ADD COLUMN twice bigint GENERATED ALWAYS AS (size * 2) STORED"],
                &["adding-field-with-default"],
            ),
            (&["RENAME TABLE shelves TO racks"], &["renaming-table"]),
            (&["TRUNCATE TABLE shelves"], &["ban-truncate"]),
            (&["DROP DATABASE library"], &["ban-drop-database"]),
            (
                &["CREATE INDEX a ON shelves (size)", "CREATE INDEX b ON shelves (label)"],
                &["several-changes"],
            ),
        ],
    );
}

#[test]
fn postgres_is_read_by_squawk() {
    expect(
        DbBackend::Postgres,
        &[
            (&["CREATE INDEX later ON shelves (size)"], &["require-concurrent-index-creation"]),
            (
                &["CREATE INDEX CONCURRENTLY later ON shelves (size)"],
                &["ban-concurrent-index-creation-in-transaction"],
            ),
            (
                &["ALTER TABLE shelves ADD CONSTRAINT fk FOREIGN KEY (size) REFERENCES shelves (id)"],
                &["adding-foreign-key-constraint", "foreign-key-without-index"],
            ),
            (&["ALTER TABLE shelves ADD CONSTRAINT ck CHECK (size > 0)"], &["constraint-missing-not-valid"]),
            (&["ALTER TABLE shelves ADD CONSTRAINT ck CHECK (size > 0) NOT VALID"], &[]),
            (&["ALTER TABLE shelves ADD CONSTRAINT u UNIQUE (size)"], &["disallowed-unique-constraint"]),
            (&["ALTER TABLE shelves ALTER COLUMN size SET NOT NULL"], &["adding-not-nullable-field"]),
            (&["ALTER TABLE shelves ALTER COLUMN size DROP NOT NULL"], &[]),
            (&["ALTER TABLE shelves ALTER COLUMN label TYPE varchar(30)"], &[]),
            (&["ALTER TABLE shelves ALTER COLUMN label TYPE text USING label::text"], &[]),
            (
                &["ALTER TABLE shelves ALTER COLUMN label TYPE varchar(10) USING label::varchar(10)"],
                &["changing-column-type", "narrowing-column-type"],
            ),
            (
                &["ALTER TABLE shelves ALTER COLUMN size TYPE double precision"],
                &["changing-column-type", "narrowing-column-type"],
            ),
            (&["ALTER TABLE shelves ALTER COLUMN size DROP DEFAULT"], &["ban-drop-default"]),
            (
                &[
                    "ALTER TABLE shelves ALTER COLUMN size DROP DEFAULT",
                    "ALTER TABLE shelves ALTER COLUMN size SET DEFAULT 2",
                ],
                &[],
            ),
            (
                &[
                    "CREATE TYPE kind AS ENUM ('a')",
                    "ALTER TYPE kind RENAME TO kind_old",
                    "CREATE TYPE kind AS ENUM ('a', 'b')",
                    "DROP TYPE kind_old",
                ],
                &[],
            ),
            (&["DROP TYPE kind"], &["ban-drop-type"]),
            (&["TRUNCATE shelves"], &["ban-truncate"]),
            (&["DROP SCHEMA old CASCADE"], &["ban-drop-schema"]),
            (&["INSERT INTO shelves (id) VALUES ($1)"], &[]),
            (&["BEGIN"], &["ban-uncommitted-transaction", "transaction-nesting"]),
        ],
    );
}
