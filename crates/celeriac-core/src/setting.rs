use celeriac_protocol::Value;

use crate::celery_setting::PassedOver;

/// One setting, for the documentation.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Celery's name.
    pub name: &'static str,
    /// What a value looks like.
    pub kind: &'static str,
    /// The default, as people read it.
    pub default: &'static str,
    /// What it does: Markdown, in lines.
    pub doc: &'static [&'static str],
}

/// A group of settings, for the documentation.
#[derive(Clone, Copy, Debug)]
pub struct SettingList {
    /// The setting whose table these are in; empty for the settings themselves.
    pub group: &'static str,
    /// All, in order.
    pub settings: &'static [Setting],
    /// Celery's own that have no meaning here.
    pub passed_over: &'static [PassedOver],
}

impl SettingList {
    pub(crate) fn of<G: SettingGroup>(group: &'static str) -> Self {
        Self {
            group,
            settings: G::LIST,
            passed_over: G::CELERY_ONLY,
        }
    }
}

/// What is wrong with a value, and with which setting inside of a group.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Empty for the setting itself, else such as `region`.
    pub(crate) path: String,
    pub(crate) reason: String,
}

impl From<String> for Problem {
    fn from(reason: String) -> Self {
        Self {
            path: String::new(),
            reason,
        }
    }
}

/// Settings by name: all of them, or the options of a transport.
pub(crate) trait SettingGroup {
    /// All, in order.
    const LIST: &'static [Setting];
    /// Celery's settings that have no meaning here.
    const CELERY_ONLY: &'static [PassedOver];
    /// Sets one; `None` if there is no setting of this name. A value that is refused changes
    /// nothing.
    fn set(&mut self, name: &str, raw: Value) -> Option<Result<(), Problem>>;
    /// Checks all values, however they came.
    fn check_all(&self) -> Result<(), Problem>;
    /// What sets `before` to these values: by name, those inside of a group as `group__name`.
    fn changes(&self, before: &Self) -> Vec<(String, Value)>;
}

/// Defines a group of settings once: its struct with docs and defaults, its list for the
/// documentation, and the setting by name. Each line is `/// docs`,
/// `name: Type = default, "default for people"`, and perhaps a check.
macro_rules! settings {
    (
        $(#[$meta:meta])*
        pub struct $Group:ident {
            $(
                $(#[doc = $doc:literal])+
                $name:ident: $Type:ty = $default:expr, $shown:literal $(, $check:expr)?;
            )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq)]
        pub struct $Group {
            $(
                $(#[doc = $doc])+
                #[doc = ""]
                #[doc = concat!("Default: ", $shown, ".")]
                pub $name: $Type,
            )+
        }

        impl Default for $Group {
            /// The defaults; the environment is not read.
            fn default() -> Self {
                Self { $($name: $default,)+ }
            }
        }

        impl $crate::setting::SettingGroup for $Group {
            const LIST: &'static [$crate::Setting] = &[
                $($crate::Setting {
                    name: stringify!($name),
                    kind: <$Type as $crate::setting_value::SettingValue>::KIND,
                    default: $shown,
                    doc: &[$($doc),+],
                },)+
            ];
            const CELERY_ONLY: &'static [$crate::celery_setting::PassedOver] =
                $crate::celery_setting::of(stringify!($Group));

            fn set(
                &mut self,
                name: &str,
                raw: celeriac_protocol::Value,
            ) -> Option<Result<(), $crate::setting::Problem>> {
                use $crate::setting_value::SettingValue;
                Some(match name {
                    $(stringify!($name) => self.$name.assign(raw, |_value| {
                        $($check(_value)?;)?
                        Ok(())
                    }),)+
                    _ => return None,
                })
            }

            fn check_all(&self) -> Result<(), $crate::setting::Problem> {
                use $crate::setting_value::SettingValue;
                $(
                    self.$name.check(|_value| {
                        $($check(_value)?;)?
                        Ok(())
                    }).map_err(|problem| problem.inside(stringify!($name)))?;
                )+
                Ok(())
            }

            fn changes(&self, before: &Self) -> Vec<(String, celeriac_protocol::Value)> {
                use $crate::setting_value::SettingValue;
                let mut changes = Vec::new();
                $(
                    changes.extend(SettingValue::changes(&self.$name, &before.$name, stringify!($name)));
                )+
                changes
            }
        }

        impl std::fmt::Debug for $Group {
            /// Without secrets.
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($Group))
                    $(.field(stringify!($name), &$crate::setting_value::Shown(&self.$name)))+
                    .finish()
            }
        }
    };
}
pub(crate) use settings;

impl Problem {
    /// The same problem, seen from outside of the setting `name`.
    pub(crate) fn inside(self, name: &str) -> Self {
        let path = if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{name}.{}", self.path)
        };
        Self { path, ..self }
    }
}
