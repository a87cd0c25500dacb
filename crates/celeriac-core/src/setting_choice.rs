//! Settings that are one of a few words.

use std::fmt;
use std::str::FromStr;

use celeriac_protocol::{Value, WireForm};

use crate::setting_value::{SettingValue, expected};

/// Defines a setting's choices once: the enum, and the word of each.
macro_rules! choices {
    (
        $(#[$meta:meta])*
        pub enum $Choice:ident {
            $(#[doc = $first_doc:literal])+
            $First:ident = $first_word:literal,
            $(
                $(#[doc = $doc:literal])+
                $Other:ident = $word:literal,
            )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub enum $Choice {
            $(#[doc = $first_doc])+
            #[default]
            $First,
            $(
                $(#[doc = $doc])+
                $Other,
            )+
        }

        impl $Choice {
            /// The words that settings have for them, in order.
            pub const WORDS: &'static [&'static str] = &[$first_word, $($word),+];

            /// The setting's word.
            pub fn as_str(self) -> &'static str {
                match self {
                    Self::$First => $first_word,
                    $(Self::$Other => $word,)+
                }
            }
        }

        impl fmt::Display for $Choice {
            /// The setting's word.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $Choice {
            type Err = String;

            fn from_str(word: &str) -> Result<Self, String> {
                match word {
                    $first_word => Ok(Self::$First),
                    $($word => Ok(Self::$Other),)+
                    other => Err(format!("expected {}, got `{other}`", Self::KIND)),
                }
            }
        }

        impl SettingValue for $Choice {
            const KIND: &'static str = concat!("`", $first_word, "`" $(, " or `", $word, "`")+);

            fn read(raw: Value) -> Result<Self, String> {
                match raw {
                    Value::Str(word) => word.parse(),
                    other => Err(expected(Self::KIND, &other)),
                }
            }

            fn raw(&self) -> Value {
                Value::Str(self.as_str().to_owned())
            }

            fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self.as_str(), f)
            }
        }
    };
}

choices! {
    /// `task_message_form`: the form of sent messages.
    pub enum MessageForm {
        /// Base64 in base64, what every Celery from 5.3 on reads.
        Celery = "celery",
        /// Bare JSON, about half the size.
        Compact = "compact",
    }
}

choices! {
    /// `worker_queue_order`: the order of several queues.
    pub enum QueueOrder {
        /// Each gets its share.
        Weighted = "weighted",
        /// The first one first.
        Strict = "strict",
    }
}

choices! {
    /// `chord_layout`: how the members of chords are kept that begin here.
    pub enum ChordLayout {
        /// As a set where celeriac runs all of the header, else as Celery does.
        Auto = "auto",
        /// As Celery does: a counter. For tasks that Python runs, too, under the same name.
        Celery = "celery",
        /// With a task `celery.chord_unlock` that polls: for Python workers before Celery 5.4, which
        /// do not count.
        Unlock = "unlock",
    }
}

choices! {
    /// `worker_log_format`: the form of the log.
    pub enum LogFormat {
        /// For people.
        Text = "text",
        /// An object a line, for programs.
        Json = "json",
    }
}

choices! {
    /// `metrics`: the metrics in the log.
    pub enum MetricsFormat {
        /// There are none.
        None = "none",
        /// CloudWatch's embedded metric format.
        Emf = "emf",
    }
}

impl From<MessageForm> for WireForm {
    fn from(form: MessageForm) -> Self {
        match form {
            MessageForm::Celery => Self::Celery,
            MessageForm::Compact => Self::Compact,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_as_it_is_written() {
        for word in MessageForm::WORDS {
            assert_eq!(
                word.parse::<MessageForm>().expect("a choice").as_str(),
                *word
            );
        }
        assert_eq!("emf".parse(), Ok(MetricsFormat::Emf));
        assert_eq!(
            "EMF".parse::<MetricsFormat>(),
            Err("expected `none` or `emf`, got `EMF`".to_owned())
        );
    }
}
