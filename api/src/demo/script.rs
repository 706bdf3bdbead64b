//! What visitors ask and what the tea shop answers, from the JSON files beside this one.

use std::collections::HashMap;
use std::sync::Arc;

use desk::contact::VisitedPage;
use desk::conversation::Priority;
use serde::Deserialize;

/// Where the tea shop has its pages. Reserved for examples, so that no real shop is meant.
const SITE: &str = "https://blueteapot.example";

/// Somebody who visits the shop.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) email: String,
    pub(super) locale: String,
}

/// One step of a dialogue.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Step {
    /// The visitor writes.
    Visitor(String),
    /// The company answers.
    Agent(String),
    /// A note among colleagues.
    Note(String),
    /// Says how much it matters.
    Priority(Priority),
    /// Passes the conversation on to Mei.
    ToMei,
    /// Puts it aside until tomorrow.
    Snooze,
    /// Ends the episode.
    Resolve,
    /// The visitor rates it; an empty comment is none.
    Rate(i16, String),
}

/// A dialogue for the lively day.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Story {
    pub(super) locale: String,
    pub(super) topic: String,
    pub(super) page: (String, String),
    pub(super) lines: Vec<Step>,
}

/// Who answered in the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Colleague {
    Mei,
    Bo,
}

/// A dialogue of the past days.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PastStory {
    pub(super) hours_ago: i64,
    /// Nobody, when it still waits.
    pub(super) agent: Option<Colleague>,
    pub(super) person: Person,
    pub(super) topic: String,
    pub(super) page: (String, String),
    pub(super) lines: Vec<Step>,
}

/// The page of a story, reached from somewhere.
pub(super) fn page((path, title): &(String, String), from: &str) -> VisitedPage {
    VisitedPage { url: format!("{SITE}{path}"), title: title.clone(), referrer: from.to_owned() }
}

/// The shop's front page in a language.
pub(super) fn front_page(locale: &str) -> VisitedPage {
    let (path, title) = if is_chinese(locale) {
        ("/zh/", "青壶茶铺 – 好茶慢慢喝")
    } else {
        ("/", "Blue Teapot – tea, unhurried")
    };
    page(&(path.to_owned(), title.to_owned()), "https://search.example/")
}

/// Whether a locale is a Chinese one.
pub(super) fn is_chinese(locale: &str) -> bool {
    locale.starts_with("zh")
}

/// Whether a text is written in Chinese.
pub(super) fn looks_chinese(text: &str) -> bool {
    text.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter))
}

/// What somebody says who has waited for a while.
pub(super) fn nudge(locale: &str) -> &'static str {
    if is_chinese(locale) { "在吗?还在等您的回复哦。" } else { "Hello? Is anybody there?" }
}

/// What Bo says when he does not know.
pub(super) fn passing_on(text: &str) -> &'static str {
    if looks_chinese(text) {
        "谢谢您的留言!这个问题我请同事 Mei 来回答,请稍等。"
    } else {
        "Thank you for writing! My colleague Mei knows this better than I do. One moment, she will answer you."
    }
}

/// The stories of the lively day.
pub(super) fn stories() -> Result<Vec<Arc<Story>>, serde_json::Error> {
    serde_json::from_str::<Vec<Story>>(include_str!("stories.json"))
        .map(|stories| stories.into_iter().map(Arc::new).collect())
}

/// The visitors of the lively day.
pub(super) fn people() -> Result<Vec<Person>, serde_json::Error> {
    serde_json::from_str(include_str!("people.json"))
}

/// The stories of the past days.
pub(super) fn history() -> Result<Vec<PastStory>, serde_json::Error> {
    serde_json::from_str(include_str!("history.json"))
}

/// What Bo knows: an answer to each line that a visitor of a story may write.
pub(super) struct Book(HashMap<String, Vec<Step>>);

impl Book {
    pub(super) fn of(stories: &[Arc<Story>]) -> Self {
        let mut answers = HashMap::new();
        for story in stories {
            let mut asked: Option<String> = None;
            for step in &story.lines {
                match step {
                    Step::Visitor(text) => {
                        answers.insert(text.clone(), Vec::new());
                        asked = Some(text.clone());
                    }
                    Step::Rate(..) => {}
                    Step::Agent(_) | Step::Note(_) | Step::Priority(_) | Step::ToMei | Step::Snooze | Step::Resolve => {
                        if let Some(steps) = asked.as_ref().and_then(|text| answers.get_mut(text)) {
                            steps.push(step.clone());
                        }
                    }
                }
            }
        }
        Self(answers)
    }

    /// What follows a visitor's line; `None` for a line of no story.
    pub(super) fn answer(&self, text: &str) -> Option<&[Step]> {
        self.0.get(text).map(Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_story_reads_and_every_question_is_asked_once() {
        let stories = stories().unwrap();
        assert!(!history().unwrap().is_empty() && people().unwrap().len() >= 20);
        let lines: Vec<&String> = stories
            .iter()
            .flat_map(|story| &story.lines)
            .filter_map(|step| if let Step::Visitor(text) = step { Some(text) } else { None })
            .collect();
        let book = Book::of(&stories);
        assert_eq!(book.0.len(), lines.len(), "two visitors' lines are the same");
        for story in &stories {
            assert!(matches!(story.lines.first(), Some(Step::Visitor(_))), "{} begins with its visitor", story.topic);
        }
    }

    #[test]
    fn both_languages_are_spoken() {
        let stories = stories().unwrap();
        let chinese = stories.iter().filter(|story| is_chinese(&story.locale)).count();
        assert!(chinese * 3 > stories.len() && chinese * 3 < stories.len() * 2);
    }
}
