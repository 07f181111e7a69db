//! Native enums.

use super::*;

kind!(@WithEnum [entities::base::Migration, enums::base::Migration] enum_value [vans] [] {
    unread: &[DbBackend::Sqlite],
    excluded: &["depots", "labels", "parcels"]
} async |db| {
    use kinds::enum_value::{sea_orm_active_enums::VanSize, vans};
    let van = vans::ActiveModel {
        plate: Set("B 1".to_owned()),
        size: Set(VanSize::Medium),
        spare: Set(Some(VanSize::Large)),
    };
    let van = van.insert(db).await.unwrap();
    let medium = vans::Entity::find().filter(vans::Column::Size.eq(VanSize::Medium)).all(db).await.unwrap();
    assert_eq!(medium, [van]);
    vans::Entity::delete_by_id("B 1").exec(db).await.unwrap();
});

kind!(@WithEnum [entities::base::Migration, enums::base::Migration] enum_value_gone [vans] [] {
    guarded: true,
    unread: &[DbBackend::Sqlite],
    excluded: &["depots", "labels", "parcels"]
} async |db| {
    let small = "INSERT INTO vans (plate, size) VALUES ('B 2', 'small')";
    // Only SQLite knows no enums.
    assert_eq!(db.execute_unprepared(small).await.is_ok(), db.get_database_backend() == DbBackend::Sqlite);
    db.execute_unprepared("DELETE FROM vans").await.unwrap();
});
