//! Keys and conditions.

use super::*;

kind!(primary_key [labels] [depots parcels] {} async |db| {
    use kinds::primary_key::labels;
    let label = labels::Entity::find().one(db).await.unwrap().unwrap();
    let other = labels::ActiveModel {
        parcel_id: Set(label.parcel_id),
        colour: Set(label.colour.clone()),
        side: Set(9),
    };
    other.clone().insert(db).await.unwrap();
    other.clone().insert(db).await.unwrap_err();
    labels::Entity::delete_by_id((label.parcel_id, label.colour, 9)).exec(db).await.unwrap();
});

kind!(foreign_key [depots parcels] [labels] {} async |db| {
    use kinds::foreign_key::depots;
    let depot = depots::Entity::find().one(db).await.unwrap().unwrap();
    assert_eq!(depot.parcel_id, None);
    let depot = depots::ActiveModel { parcel_id: Set(Some(Uuid::nil())), ..depot.into() };
    enforced(db, async || depot.clone().update(db).await.unwrap_err()).await;
});

kind!(foreign_key_action [labels parcels] [depots] {} async |db| {
    enforced(db, async || {
        parcels::Entity::delete_many().exec(db).await.expect_err("labels refer to them");
        let depot = Uuid::now_v7();
        let row = depots::ActiveModel { id: Set(depot), name: Set("West".to_owned()), city: Set(None) };
        row.insert(db).await.unwrap();
        let parcel = parcels::ActiveModel {
            id: Set(Uuid::now_v7()),
            code: Set("P-5".to_owned()),
            depot_id: Set(Some(depot)),
            ..Default::default()
        };
        parcel.insert(db).await.unwrap();
        depots::Entity::delete_by_id(depot).exec(db).await.unwrap();
    })
    .await;
});

kind!(check [labels] [depots parcels] {
    hints: |backend| {
        let gone = "ALTER TABLE \"parcels\" DROP CONSTRAINT \"ck-parcels-weight\"";
        let new = "ALTER TABLE \"parcels\" ADD CONSTRAINT \"ck-parcels-code\" CHECK (\"code\" <> 'it''s' AND \"weight\" < 1000)";
        vec![Statement::from_string(backend, gone), Statement::from_string(backend, new)]
    }
} async |db| {
    for (sql, holds) in [
        ("UPDATE labels SET side = -1 WHERE side = 0", false),
        ("UPDATE parcels SET weight = 1000", false),
        ("UPDATE parcels SET code = 'it''s'", false),
        ("UPDATE parcels SET weight = -weight", true),
        ("UPDATE parcels SET weight = -weight", true),
    ] {
        assert_eq!(db.execute_unprepared(sql).await.is_ok(), holds, "{sql}");
    }
});
