//! Tables, as they come, go and get other names.

use super::*;

kind!(add_table [depots vans] [labels parcels] {} async |db| {
    use kinds::add_table::vans;
    let depot = depots::Entity::find().one(db).await.unwrap().unwrap();
    let van = vans::ActiveModel { plate: Set("B 1".to_owned()), depot_id: Set(depot.id), ..Default::default() };
    let van = van.insert(db).await.unwrap();
    assert_eq!(van.seats, 2);
    vans::Entity::delete_by_id(van.id).exec(db).await.unwrap();
});

kind!(drop_table [parcels] [depots] { guarded: true, loses: true } async |db| {
    assert_eq!(kinds::drop_table::parcels::Entity::find().count(db).await.unwrap(), 3);
});

kind!(rename_table [parcels tags] [depots] {
    renames: vec![Rename::Table { from: "labels".to_owned(), to: "tags".to_owned() }]
} async |db| {
    assert_eq!(kinds::rename_table::tags::Entity::find().count(db).await.unwrap(), 6);
});
