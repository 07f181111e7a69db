//! The list of migrations in a `lib.rs`: the `vec![…]` of `fn migrations`, and the modules above it.

use crate::tooling::rust::{Class, Token, closing, tokens};

/// First line of a list that is laid out anew. It also keeps `rustfmt` from joining a short list into one line.
pub(in crate::tooling) const ONE_A_LINE: &str =
    "// One migration a line, oldest first: git merges branches line by line.";

/// A source with its list of migrations.
pub(in crate::tooling) struct List<'s> {
    source: &'s str,
    tokens: Vec<Token<'s>>,
    /// Its first and its last token.
    first: usize,
    last: usize,
    /// The entries, each as the places of its first and its last token.
    entries: Vec<(usize, usize)>,
}

impl<'s> List<'s> {
    /// The list in a source, if there is one, and only one.
    pub(in crate::tooling) fn find(source: &'s str) -> Option<Self> {
        let tokens = tokens(source);
        let mut lists: Vec<(&str, (usize, usize))> = Vec::new();
        for at in 1..tokens.len() {
            if tokens[at - 1].text == "fn" && tokens[at].text == "migrations" {
                let list = body(&tokens, at).and_then(|(from, to)| tail(&tokens, from, to));
                lists.extend(list.map(|list| (implementer(&tokens, at - 1), list)));
            }
        }
        let (first, last) = match &lists[..] {
            [(_, list)] => *list,
            lists => {
                let mut named = lists.iter().filter(|(name, _)| *name == "Migrator");
                let (_, list) = named.next()?;
                named.next().is_none().then_some(*list)?
            }
        };
        let entries = entries(&tokens, first, last);
        Some(Self { source, tokens, first, last, entries })
    }

    /// The modules of the entries such as `Box::new(m20300101_000001_create_parcels::Migration)`.
    pub(in crate::tooling) fn modules(&self) -> Vec<&'s str> {
        let words = |(from, to): &(usize, usize)| {
            let words = self.tokens[*from..=*to].iter().filter(|token| token.class == Class::Word);
            let words: Vec<&str> = words.map(|token| token.text).collect();
            words.iter().rev().nth(1).copied()
        };
        self.entries.iter().filter_map(words).collect()
    }

    /// The source with a further migration at the end of the list, and its module.
    pub(in crate::tooling) fn with(&self, module: &str) -> Option<String> {
        let (at, declaration) = self.declaration(module);
        let (start, end, list) =
            if self.is_vertical() { self.appended(module) } else { self.laid_out(module) };
        let mut edits = [(at, at, declaration), (start, end, list)];
        edits.sort_by_key(|(start, ..)| std::cmp::Reverse(*start));
        let mut new = self.source.to_owned();
        for (start, end, text) in edits {
            new.replace_range(start..end, &text);
        }
        let has_it = List::find(&new).is_some_and(|list| {
            list.entries.len() == self.entries.len() + 1 && list.modules().last() == Some(&module)
        });
        has_it.then_some(new)
    }

    /// Whether each entry, and the closing bracket, begins a line.
    fn is_vertical(&self) -> bool {
        let begins = |token: usize| {
            let before = &self.source[..self.tokens[token].start];
            let line = before.rfind('\n').map_or(0, |end| end + 1);
            before[line..].trim().is_empty()
        };
        !self.entries.is_empty() && begins(self.last) && self.entries.iter().all(|(first, _)| begins(*first))
    }

    /// The lines from the end of the last entry to the closing bracket, with the new entry.
    fn appended(&self, module: &str) -> (usize, usize, String) {
        let (first, last) = self.entries[self.entries.len() - 1];
        let (end, close) = (self.tokens[last].end(), self.tokens[self.last].start);
        let comma = if self.tokens[last + 1].text == "," { "" } else { "," };
        let rest = self.source[end..close].trim_end_matches([' ', '\t']);
        let (indent, bracket) =
            (self.indent(self.tokens[first].start), &self.source[end + rest.len()..close]);
        (end, close, format!("{comma}{rest}{indent}{}\n{bracket}", entry(module)))
    }

    /// The whole list with one entry a line.
    fn laid_out(&self, module: &str) -> (usize, usize, String) {
        let start = self.tokens[self.first].start;
        let outer = self.indent(start);
        let inner = format!("{outer}{}", if outer.contains('\t') { "\t" } else { "    " });
        let mut lines = vec![ONE_A_LINE.to_owned()];
        let (mut open, mut close) = ("vec![", "]");
        if !self.is_call() {
            let mut behind = self.tokens[self.first + 2].end();
            (open, close) = (&self.source[start..behind], self.tokens[self.last].text);
            for (at, &(first, last)) in self.entries.iter().enumerate() {
                let (from, to) = (self.tokens[first].start, self.tokens[last].end());
                self.comments(&mut lines, behind, from, at > 0);
                lines.push(format!("{},", &self.source[from..to]));
                behind = to;
            }
            self.comments(&mut lines, behind, self.tokens[self.last].start, !self.entries.is_empty());
        }
        lines.push(entry(module));
        let end = self.tokens[self.last].end();
        (start, end, format!("{open}\n{inner}{}\n{outer}{close}", lines.join(&format!("\n{inner}"))))
    }

    /// Adds the comments between two entries. One that ends the line of the entry before it stays there.
    fn comments(&self, lines: &mut Vec<String>, from: usize, to: usize, has_entry: bool) {
        let mut tokens = self.tokens.iter();
        let comma = tokens.find(|token| token.start >= from && token.start < to && token.text == ",");
        let (before, after) = match comma {
            Some(comma) => (&self.source[from..comma.start], &self.source[comma.end()..to]),
            None => ("", &self.source[from..to]),
        };
        for (part, ends_line) in [(before, true), (after, after.contains('\n'))] {
            for (number, line) in part.split('\n').map(str::trim).enumerate() {
                match lines.last_mut() {
                    _ if line.is_empty() => {}
                    Some(last) if number == 0 && ends_line && has_entry => {
                        last.push(' ');
                        last.push_str(line);
                    }
                    _ => lines.push(line.to_owned()),
                }
            }
        }
    }

    /// Whether the list is `Vec::new()`.
    fn is_call(&self) -> bool {
        self.tokens[self.first].text == "Vec"
    }

    /// The white space before the first character of the line of a byte.
    fn indent(&self, at: usize) -> String {
        let line = self.source[..at].rfind('\n').map_or(0, |end| end + 1);
        self.source[line..].chars().take_while(|c| matches!(c, ' ' | '\t')).collect()
    }

    /// The place and the text of a new module: behind the last migration, or the last module or import, or the comments
    /// on top.
    fn declaration(&self, module: &str) -> (usize, String) {
        let items = self.items();
        let last = |is_wanted: &dyn Fn(&[Token<'s>]) -> bool| {
            items.iter().rfind(|(from, to)| is_wanted(&self.tokens[*from..*to])).map(|(_, to)| *to)
        };
        let is_module = |item: &[Token<'s>]| item.iter().any(|token| token.text == "mod");
        let is_migration =
            |item: &[Token<'s>]| is_module(item) && item.last().is_some_and(|name| is_migration(name.text));
        let is_import = |item: &[Token<'s>]| item.iter().any(|token| token.text == "use");
        if let Some(end) = last(&is_migration).or_else(|| last(&is_module)) {
            return (self.end_of_line(self.tokens[end].end()), format!("\nmod {module};"));
        }
        match last(&is_import) {
            Some(end) => (self.end_of_line(self.tokens[end].end()), format!("\n\nmod {module};")),
            None => (self.end_of_top(), format!("mod {module};\n\n")),
        }
    }

    /// The items of the file that end in a semicolon, each as the places of its first token and its semicolon.
    fn items(&self) -> Vec<(usize, usize)> {
        let mut items = Vec::new();
        let (mut at, mut start) = (0, 0);
        while at < self.tokens.len() {
            let token = &self.tokens[at];
            if token.opens() {
                at = closing(&self.tokens, at).unwrap_or(self.tokens.len() - 1);
                let follows = self.tokens.get(at + 1).map_or("", |next| next.text);
                if self.tokens[at].text == "}" && follows != ";" {
                    start = at + 1;
                }
            } else if token.text == ";" {
                items.push((start, at));
                start = at + 1;
            }
            at += 1;
        }
        items
    }

    /// The end of the line of a byte, if only white space or a line comment is left on it.
    fn end_of_line(&self, at: usize) -> usize {
        let line = self.source[at..].find('\n').map_or(self.source.len(), |end| at + end);
        let rest = self.source[at..line].trim();
        if rest.is_empty() || rest.starts_with("//") { line } else { at }
    }

    /// The byte behind the documentation and attributes of the file.
    fn end_of_top(&self) -> usize {
        let is_top = |line: &&str| {
            let line = line.trim();
            line.is_empty() || line.starts_with("//!") || (line.starts_with("#![") && line.ends_with(']'))
        };
        self.source.split_inclusive('\n').take_while(is_top).map(str::len).sum()
    }
}

/// Whether a module is that of a migration, by its name.
pub(in crate::tooling) fn is_migration(module: &str) -> bool {
    module.strip_prefix('m').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

fn entry(module: &str) -> String {
    format!("Box::new({module}::Migration),")
}

/// The body of a function whose name is at `name`, as the places of its braces.
fn body(tokens: &[Token<'_>], name: usize) -> Option<(usize, usize)> {
    let open = (name..tokens.len()).find(|at| matches!(tokens[*at].text, "{" | ";"))?;
    (tokens[open].text == "{").then_some((open, closing(tokens, open)?))
}

/// The last list of boxes in a body, as the places of its first and its last token.
fn tail(tokens: &[Token<'_>], from: usize, to: usize) -> Option<(usize, usize)> {
    let is = |at: usize, texts: &[&str]| {
        texts
            .iter()
            .enumerate()
            .all(|(more, text)| tokens.get(at + more).is_some_and(|token| token.text == *text))
    };
    (from..to).rev().find_map(|at| {
        if is(at, &["Vec", ":", ":", "new", "(", ")"]) {
            return Some((at, at + 5));
        }
        if !is(at, &["vec", "!"]) || !tokens[at + 2].opens() {
            return None;
        }
        let boxes = tokens[at + 3].closes() || matches!(tokens[at + 3].text, "Box" | "#");
        boxes.then_some((at, closing(tokens, at + 2)?))
    })
}

/// The type whose implementation has the token at `at`, or nothing.
fn implementer<'s>(tokens: &[Token<'s>], at: usize) -> &'s str {
    let mut depth = 0_usize;
    for before in (1..at).rev() {
        if tokens[before].closes() {
            depth += 1;
        } else if tokens[before].opens() {
            if depth == 0 {
                return tokens[before - 1].text;
            }
            depth -= 1;
        }
    }
    ""
}

/// The entries of a list, each as the places of its first and its last token.
fn entries(tokens: &[Token<'_>], first: usize, last: usize) -> Vec<(usize, usize)> {
    let mut entries = Vec::new();
    if tokens[first].text == "Vec" {
        return entries;
    }
    let (mut at, mut start) = (first + 3, first + 3);
    while at <= last {
        if at == last || tokens[at].text == "," {
            if at > start {
                entries.push((start, at - 1));
            }
            start = at + 1;
        } else if tokens[at].opens() {
            at = closing(tokens, at).unwrap_or(last);
        }
        at += 1;
    }
    entries
}

#[cfg(test)]
mod tests;
