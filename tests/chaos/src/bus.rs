//! A bus in disorder: messages come twice, come late and overtaken by others, or never come, while the connection stands.
//!
//! It understands just so much of what NATS says that it moves whole messages and nothing else: `MSG` and `HMSG` with what they
//! carry. `INFO`, `PING`, `PONG`, `+OK` and `-ERR` pass at once. So does what a server sends to itself by an inbox to see whether
//! the bus is well: one that doubts its bus no longer relies on it, and it is to rely on this one.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use load::tally::Count;
use tokio::time::Instant;

use crate::dice::Dice;

/// For how long a message is held back. The servers take what is half a second late for lost: both sides of that are tried.
const HELD_FOR: Range<Duration> = Duration::from_millis(20)..Duration::from_millis(1_500);
/// How the subjects begin on which somebody hears themselves.
const INBOX: &str = "_INBOX.";

/// What becomes of messages: so many of a thousand each. The default is that they come, in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Disorder {
    /// They come, and a while later they come again.
    pub(crate) twice: u32,
    /// They come only after a while; those behind them do not wait.
    pub(crate) late: u32,
    /// They never come.
    pub(crate) lost: u32,
}

/// What has become of messages so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Disturbed {
    /// Those that came twice.
    pub(crate) doubled: u64,
    /// Those that were overtaken by another of the same subscription. What was only late is not counted.
    pub(crate) moved: u64,
    /// Those that never came.
    pub(crate) lost: u64,
}

/// Counts them for all connections together.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    doubled: Count,
    moved: Count,
    lost: Count,
}

impl Counts {
    pub(crate) fn now(&self) -> Disturbed {
        Disturbed { doubled: self.doubled.now(), moved: self.moved.now(), lost: self.lost.now() }
    }
}

/// What the server says on one connection, in the order in which it is let through.
pub(crate) struct Shuffle<'a> {
    dice: Dice,
    words: Words,
    /// What is held back, by when it goes.
    held: BTreeMap<(Instant, u64), Held>,
    /// How many were held back so far.
    number: u64,
    counts: &'a Counts,
}

struct Held {
    subscription: u64,
    bytes: Vec<u8>,
    /// It came before.
    again: bool,
    overtaken: bool,
}

impl<'a> Shuffle<'a> {
    pub(crate) fn new(dice: Dice, counts: &'a Counts) -> Self {
        Self { dice, words: Words::default(), held: BTreeMap::new(), number: 0, counts }
    }

    /// When the next of those that are held back goes.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.held.first_key_value().map(|((due, _), _)| *due)
    }

    /// Takes what was read, which may begin and end anywhere. Gives what goes on now, which is whole words.
    pub(crate) fn takes(&mut self, bytes: &[u8], disorder: Disorder, now: Instant) -> Vec<u8> {
        let mut through = self.lets_go(now);
        for word in self.words.hear(bytes) {
            let Some(subscription) = word.subscription else {
                through.extend_from_slice(&word.bytes);
                continue;
            };
            if self.dice.permille(disorder.lost) {
                self.counts.lost.up();
            } else if self.dice.permille(disorder.late) {
                self.holds(subscription, word.bytes, false, now);
            } else {
                if self.dice.permille(disorder.twice) {
                    self.holds(subscription, word.bytes.clone(), true, now);
                }
                self.passes(subscription, &word.bytes, &mut through);
            }
        }
        through
    }

    /// The server has hung up: gives everything that is left.
    pub(crate) fn ends(&mut self) -> Vec<u8> {
        let last = self.held.last_key_value().map(|((due, _), _)| *due);
        let mut through = last.map(|last| self.lets_go(last)).unwrap_or_default();
        through.append(&mut self.words.partial);
        through
    }

    /// Those whose time has come go after all.
    fn lets_go(&mut self, now: Instant) -> Vec<u8> {
        let mut through = Vec::new();
        while self.due().is_some_and(|due| due <= now)
            && let Some((_, held)) = self.held.pop_first()
        {
            if held.again {
                self.counts.doubled.up();
            } else if held.overtaken {
                self.counts.moved.up();
            }
            self.passes(held.subscription, &held.bytes, &mut through);
        }
        through
    }

    fn holds(&mut self, subscription: u64, bytes: Vec<u8>, again: bool, now: Instant) {
        self.number += 1;
        let due = now + self.dice.between(&HELD_FOR);
        self.held.insert((due, self.number), Held { subscription, bytes, again, overtaken: false });
    }

    fn passes(&mut self, subscription: u64, bytes: &[u8], through: &mut Vec<u8>) {
        for held in self.held.values_mut().filter(|held| held.subscription == subscription) {
            held.overtaken = true;
        }
        through.extend_from_slice(bytes);
    }
}

/// Cuts what the server says into words.
#[derive(Debug, Default)]
struct Words {
    /// The beginning of one whose end has not come yet.
    partial: Vec<u8>,
}

/// One word of the server, as it stands on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Word {
    bytes: Vec<u8>,
    /// What subscription it is for, if it is a message that may be touched.
    subscription: Option<u64>,
}

impl Words {
    /// Takes what was read, and gives every word that is whole now.
    fn hear(&mut self, bytes: &[u8]) -> Vec<Word> {
        self.partial.extend_from_slice(bytes);
        let (mut words, mut at) = (Vec::new(), 0);
        while let Some(word) = first(self.partial.get(at..).unwrap_or_default()) {
            at += word.bytes.len();
            words.push(word);
        }
        self.partial.drain(..at);
        words
    }
}

/// The first word, if all of it is there: a line, and behind the head of a message as many bytes as it says and the end of a line.
fn first(bytes: &[u8]) -> Option<Word> {
    let line = bytes.windows(2).position(|pair| pair == b"\r\n")?;
    let head = std::str::from_utf8(bytes.get(..line)?).unwrap_or_default();
    let (size, subscription) = match message(head) {
        Some((payload, subscription)) => (line.saturating_add(payload).saturating_add(4), subscription),
        None => (line + 2, None),
    };
    Some(Word { bytes: bytes.get(..size)?.to_vec(), subscription })
}

/// How many bytes a message carries, and for what subscription, if it may be touched. Its head is `MSG subject sid [reply] size` or
/// `HMSG subject sid [reply] headers-size size`.
fn message(head: &str) -> Option<(usize, Option<u64>)> {
    let parts: Vec<&str> = head.split_ascii_whitespace().collect();
    let fewest = match parts.first() {
        Some(&"MSG") => 4,
        Some(&"HMSG") => 5,
        Some(_) | None => return None,
    };
    if parts.len() != fewest && parts.len() != fewest + 1 {
        return None;
    }
    let payload = parts.last()?.parse().ok()?;
    let subscription = parts.get(2)?.parse().ok()?;
    let is_an_echo = parts.get(1)?.starts_with(INBOX);
    Some((payload, (!is_an_echo).then_some(subscription)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything a server says, with lines inside of payloads that look like more.
    const SAID: [(&[u8], Option<u64>); 10] = [
        (b"INFO {\"server_id\":\"a\",\"max_payload\":1048576}\r\n", None),
        (b"+OK\r\n", None),
        (b"MSG desk.a 7 11\r\nMSG x 1 0\r\n\r\n", Some(7)),
        (b"PING\r\n", None),
        (b"MSG desk.b 81 _INBOX.reply 0\r\n\r\n", Some(81)),
        (b"HMSG desk.a 7 12 17\r\nNATS/1.0\r\n\r\nhello\r\n", Some(7)),
        (b"HMSG desk.a 7 answers.to 12 12\r\nNATS/1.0\r\n\r\n\r\n", Some(7)),
        (b"MSG _INBOX.mine 9 2\r\nhi\r\n", None),
        (b"PONG\r\n", None),
        (b"-ERR 'Slow Consumer'\r\n", None),
    ];

    fn said() -> Vec<u8> {
        SAID.iter().flat_map(|(bytes, _)| bytes.iter().copied()).collect()
    }

    fn words() -> Vec<Word> {
        SAID.iter().map(|(bytes, subscription)| Word { bytes: bytes.to_vec(), subscription: *subscription }).collect()
    }

    fn heard(pieces: &[&[u8]]) -> Vec<Word> {
        let mut words = Words::default();
        let heard = pieces.iter().flat_map(|piece| words.hear(piece)).collect();
        assert!(words.partial.is_empty(), "everything was whole in the end");
        heard
    }

    #[test]
    fn words_are_whole_however_they_were_cut() {
        let said = said();
        for at in 0..=said.len() {
            assert_eq!(heard(&[&said[..at], &said[at..]]), words(), "cut at {at}");
        }
        for size in 1..40 {
            assert_eq!(heard(&said.chunks(size).collect::<Vec<_>>()), words(), "in pieces of {size}");
        }
    }

    #[test]
    fn what_is_no_message_passes_as_the_line_it_is() {
        for line in [
            "MSG desk.a 7\r\n",
            "MSG desk.a x 2\r\n",
            "MSG desk.a 7 -1\r\n",
            "HMSG desk.a 7 2\r\n",
            "\r\n",
            "MSGS a 1 2\r\n",
        ] {
            let whole = Word { bytes: line.as_bytes().to_vec(), subscription: None };
            assert_eq!(heard(&[line.as_bytes()]), [whole], "{line}");
        }
    }

    const TWICE: Disorder = Disorder { twice: 1000, late: 0, lost: 0 };
    const LATE: Disorder = Disorder { twice: 0, late: 1000, lost: 0 };
    const LOST: Disorder = Disorder { twice: 0, late: 0, lost: 1000 };
    const CALM: Disorder = Disorder { twice: 0, late: 0, lost: 0 };

    fn shuffle(counts: &Counts) -> Shuffle<'_> {
        Shuffle::new(Dice::new(1, "test"), counts)
    }

    fn word(subscription: u64, text: &str) -> Vec<u8> {
        format!("MSG desk.a {subscription} {}\r\n{text}\r\n", text.len()).into_bytes()
    }

    #[test]
    fn a_bus_in_order_is_not_touched() {
        let (counts, now) = (Counts::default(), Instant::now());
        let mut shuffle = shuffle(&counts);
        let through: Vec<u8> = said().chunks(3).flat_map(|piece| shuffle.takes(piece, CALM, now)).collect();
        assert_eq!((through, shuffle.due(), counts.now()), (said(), None, Disturbed::default()));
    }

    #[test]
    fn who_is_late_is_overtaken_by_those_behind_and_comes() {
        let (counts, now) = (Counts::default(), Instant::now());
        let mut shuffle = shuffle(&counts);
        assert_eq!(shuffle.takes(&word(7, "first"), LATE, now), b"");
        assert_eq!(shuffle.takes(b"PING\r\n", LATE, now), b"PING\r\n");
        assert_eq!(shuffle.takes(&word(7, "second"), CALM, now), word(7, "second"));
        let due = shuffle.due().unwrap();
        assert!(HELD_FOR.contains(&(due - now)), "{:?}", due - now);
        assert_eq!(shuffle.takes(b"", LATE, due), word(7, "first"));
        assert_eq!(counts.now(), Disturbed { moved: 1, ..Disturbed::default() });

        assert_eq!(shuffle.takes(&word(7, "alone"), LATE, due), b"");
        assert_eq!(shuffle.takes(&word(8, "of somebody else"), CALM, due), word(8, "of somebody else"));
        assert_eq!(shuffle.takes(b"", CALM, due + HELD_FOR.end), word(7, "alone"));
        assert_eq!(counts.now().moved, 1, "nobody who heard the one heard the other");
    }

    #[test]
    fn who_comes_twice_comes_at_once_and_again() {
        let (counts, now) = (Counts::default(), Instant::now());
        let mut shuffle = shuffle(&counts);
        assert_eq!(shuffle.takes(&word(7, "hello"), TWICE, now), word(7, "hello"));
        assert_eq!(shuffle.takes(b"", CALM, now + HELD_FOR.end), word(7, "hello"));
        assert_eq!((shuffle.due(), counts.now()), (None, Disturbed { doubled: 1, ..Disturbed::default() }));
    }

    #[test]
    fn what_is_lost_is_messages_for_others_and_nothing_else() {
        let (counts, now) = (Counts::default(), Instant::now());
        let rest: Vec<u8> = SAID.iter().filter(|(_, to)| to.is_none()).flat_map(|(bytes, _)| bytes.to_vec()).collect();
        let mut shuffle = shuffle(&counts);
        assert_eq!(shuffle.takes(&said(), LOST, now), rest);
        assert_eq!((shuffle.due(), counts.now()), (None, Disturbed { lost: 4, ..Disturbed::default() }));
    }

    #[test]
    fn an_end_leaves_nothing_behind() {
        let (counts, now) = (Counts::default(), Instant::now());
        let mut shuffle = shuffle(&counts);
        assert_eq!(shuffle.takes(&[word(7, "late"), b"PI".to_vec()].concat(), LATE, now), b"");
        assert_eq!(shuffle.ends(), [word(7, "late"), b"PI".to_vec()].concat());
        assert_eq!(shuffle.ends(), b"");
    }
}
