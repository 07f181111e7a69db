//! The linter: its findings, its rules, and their pages.

use sea_orm_migration::{MigratorTrait, sea_orm::DbBackend};

use super::{Outcome, Settings, args::Lint, print, print_json, schema::Lines, unknown};
use crate::{
    Rule,
    run::recorder::{self, Recorded},
    tooling::{
        Project,
        lint::{self, Explained, Finding, Level, Listed},
    },
};

pub(super) async fn lint<M: MigratorTrait>(
    project: &Project<M>,
    settings: &Settings,
    asked: &Lint,
) -> Outcome {
    if let Some(rule) = asked.explain {
        return explain(rule, asked.print.json);
    }
    if asked.rules {
        return rules(asked.print.json);
    }
    let findings = findings(project).await;
    let fails = findings.iter().filter(|finding| finding.fails()).count();
    let shown: Vec<&Finding> =
        findings.iter().filter(|finding| settings.verbose || asked.print.json || finding.fails()).collect();
    if asked.print.json {
        print_json(&shown)?;
        return Ok(fails == 0);
    }
    print(Lines(&shown))?;
    let notes =
        findings.iter().filter(|finding| finding.allowed.is_none() && finding.level == Level::Note).count();
    let allowed = findings.iter().filter(|finding| finding.allowed.is_some()).count();
    print(format_args!("{fails} findings, {allowed} exceptions, {notes} notes\n"))?;
    Ok(fails == 0)
}

async fn findings<M: MigratorTrait>(project: &Project<M>) -> Vec<Finding> {
    let mut recordings: Vec<(DbBackend, Vec<Recorded>)> = Vec::new();
    for backend in project.databases {
        recordings.push((*backend, recorder::ups::<M>(*backend).await));
    }
    unknown::warn(&recorder::doubts(recordings.iter().flat_map(|(_, migrations)| migrations)));
    lint::run(&recordings)
}

fn explain(rule: Rule, json: bool) -> Outcome {
    if json {
        print_json(&Listed::of(rule))?;
    } else {
        print(Explained(rule))?;
    }
    Ok(true)
}

fn rules(json: bool) -> Outcome {
    let rules: Vec<Listed> = Rule::ALL.iter().map(|rule| Listed::of(*rule)).collect();
    if json {
        print_json(&rules)?;
    } else {
        print(Lines(&rules))?;
    }
    Ok(true)
}
