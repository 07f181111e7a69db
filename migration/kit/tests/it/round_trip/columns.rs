//! Columns.

use super::*;

kind!(add_column [parcels] [depots labels] {
    backfills: Backfills::from([(("parcels".to_owned(), "shelf".to_owned()), "'A'".to_owned())])
} async |db| {
    for parcel in kinds::add_column::parcels::Entity::find().all(db).await.unwrap() {
        assert_eq!((parcel.sender, parcel.fragile, parcel.shelf), (None, true, "A".to_owned()));
    }
});

kind!(fill_column [parcels] [depots labels] {
    backfills: [
        ("batch", "'0190a000-0000-7000-8000-00000000000f'"),
        ("opens_at", "'07:30:00'"),
        ("since", "'2026-01-31'"),
        ("extras", r#"'{"says": "it''s \\ \"fragile\""}'"#),
        ("moved_at", "'2026-01-31T12:00:00+02:00'"),
    ].map(|(column, sql)| (("parcels".to_owned(), column.to_owned()), sql.to_owned())).into()
} async |db| {
    let parcels = kinds::fill_column::parcels::Entity::find().all(db).await.unwrap();
    assert_eq!(parcels.len(), 3);
    for parcel in parcels {
        assert_eq!(parcel.batch, Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_000f));
        assert_eq!((parcel.opens_at.to_string(), parcel.since.to_string()), ("07:30:00".to_owned(), "2026-01-31".to_owned()));
        assert_eq!(parcel.extras["says"], "it's \\ \"fragile\"");
        assert_eq!(parcel.moved_at.to_utc().to_rfc3339(), "2026-01-31T10:00:00+00:00");
    }
});

kind!(drop_column [parcels] [depots labels] { guarded: true, loses: true } async |db| {
    let parcels = kinds::drop_column::parcels::Entity::find().all(db).await.unwrap();
    assert_eq!(parcels.iter().filter(|parcel| parcel.depot_id.is_some()).count(), 2);
});

kind!(rename_column [parcels] [depots labels] {} async |db| {
    let parcels = kinds::rename_column::parcels::Entity::find().all(db).await.unwrap();
    assert_eq!(parcels.iter().map(|parcel| parcel.grams).sum::<i64>(), 60);
});

kind!(change_type [labels parcels] [depots] { guarded: true } async |db| {
    let sides = kinds::change_type::labels::Entity::find().all(db).await.unwrap();
    assert_eq!(sides.iter().map(|label| label.side.to_string()).filter(|side| side == "1").count(), 2);
});

kind!(change_length [parcels] [depots labels] {} async |db| {
    use kinds::change_length::parcels;
    let parcel = parcels::ActiveModel {
        id: Set(Uuid::now_v7()),
        code: Set("x".repeat(40)),
        ..Default::default()
    };
    let parcel = parcel.insert(db).await.unwrap();
    parcels::Entity::delete_by_id(parcel.id).exec(db).await.unwrap();
});

kind!(change_nullability [parcels] [depots labels] { loses: true } async |db| {
    let parcels = kinds::change_nullability::parcels::Entity::find().all(db).await.unwrap();
    assert_eq!(parcels.iter().filter(|parcel| parcel.note.is_empty()).count(), 2);
});

kind!(change_default [parcels] [depots labels] {} async |db| {
    use kinds::change_default::parcels;
    let parcel = parcels::ActiveModel { id: Set(Uuid::now_v7()), code: Set("P-4".to_owned()), ..Default::default() };
    parcel.clone().insert(db).await.expect_err("nothing says what it weighs");
    let parcel = parcels::ActiveModel { weight: Set(1), ..parcel }.insert(db).await.unwrap();
    assert_eq!(parcel.state, "waiting");
    parcels::Entity::delete_by_id(parcel.id).exec(db).await.unwrap();
});
