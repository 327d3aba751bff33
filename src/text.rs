//! Every sentence a person reads exists in English and in Chinese, side by side, where it is born.

use serde::{Deserialize, Serialize};

/// One sentence in both languages.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Text {
    pub en: String,
    pub zh: String,
}

/// The language a person reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lang {
    En,
    Zh,
}

impl Text {
    /// A text that is the same in both languages: a value, an error that the kernel or another program wrote.
    pub fn verbatim(said: impl Into<String>) -> Self {
        let en = said.into();
        Text { zh: en.clone(), en }
    }

    pub fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::En => &self.en,
            Lang::Zh => &self.zh,
        }
    }
}

/// Builds a [`Text`] from two format strings; captured variables may be used in both.
///
/// `text!("{link} is down", "{link} 已停用")`. Leaving a language out does not compile.
#[macro_export]
#[doc(hidden)]
macro_rules! __text {
    ($en:literal, $zh:literal $(,)?) => {
        $crate::text::Text { en: format!($en), zh: format!($zh) }
    };
    ($en:literal, $zh:literal, $($name:ident = $value:expr),+ $(,)?) => {{
        $(let $name = &$value;)+
        $crate::text::Text { en: format!($en), zh: format!($zh) }
    }};
}
pub(crate) use crate::__text as text;
