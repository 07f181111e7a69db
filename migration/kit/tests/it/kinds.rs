//! Each kind of change: the entities as they are after it, and the migration that `autogenerate` writes for it.

pub mod add_table {
    pub mod migration;
    #[rustfmt::skip]
    pub mod depots;
    #[rustfmt::skip]
    #[path = "../../entities/labels.rs"]
    pub mod labels;
    #[rustfmt::skip]
    #[path = "../../entities/parcels.rs"]
    pub mod parcels;
    #[rustfmt::skip]
    pub mod vans;
}

pub mod drop_table {
    pub mod migration;
    #[rustfmt::skip]
    #[path = "../../entities/depots.rs"]
    pub mod depots;
    #[rustfmt::skip]
    pub mod parcels;
}

pub mod add_column {
    pub mod migration;
    #[rustfmt::skip]
    #[path = "../../entities/depots.rs"]
    pub mod depots;
    #[rustfmt::skip]
    #[path = "../../entities/labels.rs"]
    pub mod labels;
    #[rustfmt::skip]
    pub mod parcels;
}

pub mod fill_column {
    pub mod migration;
    #[rustfmt::skip]
    #[path = "../../entities/depots.rs"]
    pub mod depots;
    #[rustfmt::skip]
    #[path = "../../entities/labels.rs"]
    pub mod labels;
    #[rustfmt::skip]
    pub mod parcels;
}

pub mod drop_column {
    pub mod migration;
    #[rustfmt::skip]
    #[path = "../../entities/depots.rs"]
    pub mod depots;
    #[rustfmt::skip]
    #[path = "../../entities/labels.rs"]
    pub mod labels;
    #[rustfmt::skip]
    pub mod parcels;
}

pub mod rename_column {
    pub mod migration;
    #[rustfmt::skip]
    #[path = "../../entities/depots.rs"]
    pub mod depots;
    #[rustfmt::skip]
    #[path = "../../entities/labels.rs"]
    pub mod labels;
    #[rustfmt::skip]
    pub mod parcels;
}

pub mod rename_table {
    pub mod migration;
    #[rustfmt::skip]
    #[path = "../../entities/depots.rs"]
    pub mod depots;
    #[rustfmt::skip]
    pub mod parcels;
    #[rustfmt::skip]
    pub mod tags;
}

pub mod change_type {
    pub mod migration;
    #[rustfmt::skip]
    #[path = "../../entities/depots.rs"]
    pub mod depots;
    #[rustfmt::skip]
    pub mod labels;
    #[rustfmt::skip]
    pub mod parcels;
}

pub mod change_length {
    pub mod migration;
    #[rustfmt::skip]
    #[path = "../../entities/depots.rs"]
    pub mod depots;
    #[rustfmt::skip]
    #[path = "../../entities/labels.rs"]
    pub mod labels;
    #[rustfmt::skip]
    pub mod parcels;
}

pub mod change_nullability {
    pub mod migration;
    #[rustfmt::skip]
    #[path = "../../entities/depots.rs"]
    pub mod depots;
    #[rustfmt::skip]
    #[path = "../../entities/labels.rs"]
    pub mod labels;
    #[rustfmt::skip]
    pub mod parcels;
}

pub mod change_default {
    pub mod migration;
    #[rustfmt::skip]
    #[path = "../../entities/depots.rs"]
    pub mod depots;
    #[rustfmt::skip]
    #[path = "../../entities/labels.rs"]
    pub mod labels;
    #[rustfmt::skip]
    pub mod parcels;
}

pub mod unique {
    pub mod migration;
    #[rustfmt::skip]
    pub mod depots;
    #[rustfmt::skip]
    #[path = "../../entities/labels.rs"]
    pub mod labels;
    #[rustfmt::skip]
    pub mod parcels;
}

pub mod composite_unique {
    pub mod migration;
    #[rustfmt::skip]
    #[path = "../../entities/depots.rs"]
    pub mod depots;
    #[rustfmt::skip]
    #[path = "../../entities/labels.rs"]
    pub mod labels;
    #[rustfmt::skip]
    pub mod parcels;
}

pub mod plain_index {
    pub mod migration;
    #[rustfmt::skip]
    #[path = "../../entities/depots.rs"]
    pub mod depots;
    #[rustfmt::skip]
    #[path = "../../entities/labels.rs"]
    pub mod labels;
    #[rustfmt::skip]
    pub mod parcels;
}

pub mod hinted_indexes {
    pub mod migration;
    #[rustfmt::skip]
    #[path = "../../entities/depots.rs"]
    pub mod depots;
    #[rustfmt::skip]
    #[path = "../../entities/labels.rs"]
    pub mod labels;
    #[rustfmt::skip]
    #[path = "../../entities/parcels.rs"]
    pub mod parcels;
}

pub mod primary_key {
    pub mod migration;
    #[rustfmt::skip]
    #[path = "../../entities/depots.rs"]
    pub mod depots;
    #[rustfmt::skip]
    pub mod labels;
    #[rustfmt::skip]
    #[path = "../../entities/parcels.rs"]
    pub mod parcels;
}

pub mod foreign_key {
    pub mod migration;
    #[rustfmt::skip]
    pub mod depots;
    #[rustfmt::skip]
    #[path = "../../entities/labels.rs"]
    pub mod labels;
    #[rustfmt::skip]
    pub mod parcels;
}

pub mod foreign_key_action {
    pub mod migration;
    #[rustfmt::skip]
    #[path = "../../entities/depots.rs"]
    pub mod depots;
    #[rustfmt::skip]
    pub mod labels;
    #[rustfmt::skip]
    pub mod parcels;
}

pub mod check {
    pub mod migration;
    #[rustfmt::skip]
    #[path = "../../entities/depots.rs"]
    pub mod depots;
    #[rustfmt::skip]
    pub mod labels;
    #[rustfmt::skip]
    #[path = "../../entities/parcels.rs"]
    pub mod parcels;
}

pub mod enum_value {
    pub mod migration;
    #[rustfmt::skip]
    pub mod sea_orm_active_enums;
    #[rustfmt::skip]
    #[path = "../../enums/vans.rs"]
    pub mod vans;
}

pub mod enum_value_gone {
    pub mod migration;
    #[rustfmt::skip]
    pub mod sea_orm_active_enums;
    #[rustfmt::skip]
    #[path = "../../enums/vans.rs"]
    pub mod vans;
}
