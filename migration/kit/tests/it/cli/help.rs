//! Help texts, and the flags of `sea-orm-cli`.

use clap::{CommandFactory as _, Parser as _};
use sea_orm_migration_kit::tooling::{cli::Cli, init};

/// Words with which a help text begins only if it describes around its subject.
const CIRCLING: [&str; 9] = ["who", "whom", "whose", "what", "whoever", "whatever", "how", "whether", "that"];

#[test]
fn every_help_text_begins_with_its_subject() {
    let (cli, init) = (Cli::command(), init::cli::Cli::command());
    let mut texts = vec![cli.get_about().unwrap().to_string()];
    for command in cli.get_subcommands().chain([&cli, &init]).chain(init.get_subcommands()) {
        texts.extend(command.get_about().map(ToString::to_string));
        texts.extend(command.get_arguments().filter_map(|argument| Some(argument.get_help()?.to_string())));
    }
    assert!(texts.len() > 40, "{texts:#?}");
    for text in texts {
        let first = text.split_whitespace().next().unwrap().to_lowercase();
        assert!(!CIRCLING.contains(&first.as_str()), "{text}");
    }
}

#[test]
fn every_verb_says_what_it_does_with_an_example_that_can_be_typed() {
    Cli::command().debug_assert();
    for verb in Cli::command().get_subcommands() {
        let name = verb.get_name();
        assert!(verb.get_about().is_some(), "{name}");
        let help = verb.get_after_help().unwrap_or_else(|| panic!("{name} has no example")).to_string();
        let examples: Vec<&str> =
            help.lines().filter_map(|line| line.trim().strip_prefix("cargo ")).collect();
        assert!(!examples.is_empty(), "{name}: {help}");
        for example in examples {
            let typed = example.split(" > ").next().unwrap().replace('\'', "");
            let cli = Cli::try_parse_from(typed.split_whitespace()).unwrap_or_else(|error| panic!("{error}"));
            assert!(cli.verb.is_some(), "{example}");
            assert!(typed.starts_with(&format!("migrate {name}")), "{example}");
        }
    }
}

#[test]
fn init_shows_examples_that_can_be_typed() {
    init::cli::Cli::command().debug_assert();
    let cli = init::cli::Cli::command();
    let help = cli.find_subcommand("init").unwrap().get_after_help().unwrap().to_string();
    let examples: Vec<&str> =
        help.lines().map(str::trim).filter(|line| line.starts_with("sea-orm-migrate ")).collect();
    assert_eq!(examples.len(), 2, "{help}");
    for example in examples {
        init::cli::Cli::try_parse_from(example.split_whitespace()).unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn the_verbs_of_sea_orm_cli_keep_their_flags() {
    let stock = sea_orm_cli::Cli::command();
    let stock = stock.find_subcommand("migrate").unwrap();
    let ours = Cli::command();
    for verb in stock.get_subcommands().filter(|verb| !["init", "help"].contains(&verb.get_name())) {
        let own = ours.find_subcommand(verb.get_name()).unwrap_or_else(|| panic!("{}", verb.get_name()));
        for argument in verb.get_arguments().filter(|argument| argument.get_id() != "help") {
            let same = own.get_arguments().find(|own| own.get_id() == argument.get_id());
            let same = same.unwrap_or_else(|| panic!("{}: {}", verb.get_name(), argument.get_id()));
            assert_eq!((same.get_short(), same.get_long()), (argument.get_short(), argument.get_long()));
            let is_flag = |argument: &clap::Arg| !argument.get_action().takes_values();
            if !is_flag(argument) {
                assert_eq!(same.get_default_values(), argument.get_default_values());
            }
            assert_eq!(is_flag(same), is_flag(argument));
        }
    }
    for global in ["database_url", "database_schema", "verbose"] {
        let own = ours.get_arguments().find(|own| own.get_id() == global).unwrap();
        let theirs = sea_orm_cli::Cli::command();
        let migrate = theirs.find_subcommand("migrate").unwrap();
        let same = migrate
            .get_arguments()
            .chain(theirs.get_arguments())
            .find(|other| other.get_id() == global)
            .unwrap();
        assert_eq!(own.get_long(), same.get_long());
        assert_eq!(own.get_short(), same.get_short());
    }
}
