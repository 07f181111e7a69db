//! Unique constraints and indexes.

use super::*;

kind!(unique [depots parcels] [labels] {} async |db| {
    let second = parcels::ActiveModel { id: Set(Uuid::now_v7()), code: Set("P-1".to_owned()), ..Default::default() };
    second.insert(db).await.unwrap_err();
    let second = depots::ActiveModel { id: Set(Uuid::now_v7()), name: Set("North".to_owned()), city: Set(None) };
    let second = second.insert(db).await.unwrap();
    depots::Entity::delete_by_id(second.id).exec(db).await.unwrap();
});

kind!(composite_unique [parcels] [depots labels] {} async |db| {
    let second = |state: &str| parcels::ActiveModel {
        id: Set(Uuid::now_v7()),
        code: Set("P-1".to_owned()),
        state: Set(state.to_owned()),
        ..Default::default()
    };
    second("moved").insert(db).await.unwrap_err();
    let parcel = second("new").insert(db).await.unwrap();
    parcels::Entity::delete_by_id(parcel.id).exec(db).await.unwrap();
});

kind!(plain_index [parcels] [depots labels] {} async |db| {
    assert!(has_index(db, "parcels", "idx-parcels-arrived_at").await);
});

kind!(hinted_indexes [] [depots labels parcels] {
    unread: &[DbBackend::Sqlite],
    hints: |backend| {
        let composite = Index::create().name("idx-parcels-state_code").table("parcels").col("state").col("code").take();
        let partial = Index::create()
            .unique()
            .name("idx-parcels-code")
            .table("parcels")
            .col("code")
            .and_where(Expr::col("state").eq("new"))
            .take();
        let gone = Index::drop().name("idx-parcels-weight").table("parcels").to_owned();
        vec![backend.build(&composite), backend.build(&partial), backend.build(&gone)]
    }
} async |db| {
    assert!(has_index(db, "parcels", "idx-parcels-state_code").await);
    assert!(!has_index(db, "parcels", "idx-parcels-weight").await);
    let second = |state: &str| parcels::ActiveModel {
        id: Set(Uuid::now_v7()),
        code: Set("P-9".to_owned()),
        state: Set(state.to_owned()),
        ..Default::default()
    };
    for state in ["old", "old", "new"] {
        second(state).insert(db).await.unwrap();
    }
    // MariaDB has no partial indexes: the rule cannot hold there.
    assert_eq!(second("new").insert(db).await.is_ok(), db.get_database_backend() == DbBackend::MySql);
    parcels::Entity::delete_many().filter(parcels::Column::Code.eq("P-9")).exec(db).await.unwrap();
});
