//! Output of `nft -j list ruleset` (libnftables-json(5)).

use serde_json::Value;

use super::mask::mask;
use crate::host::BaseChain;
use crate::text::{Text, text};

/// What one `nft -j list ruleset` says.
#[derive(Clone, Debug, PartialEq)]
pub struct Ruleset {
    /// Family and name of every table.
    pub tables: Vec<(String, String)>,
    pub base_chains: Vec<BaseChain>,
    /// The whole, comments that look like a secret masked; none when there is no table.
    pub whole: Option<Value>,
}

/// # Errors
/// A sentence when the output is not of this format.
pub fn parse(output: &str) -> Result<Ruleset, Text> {
    let strange = || {
        text!("the output of `nft -j list ruleset` is not of its format", "`nft -j list ruleset` 的输出不符合其格式")
    };
    let mut whole: Value = serde_json::from_str(output).map_err(|_| strange())?;
    let objects = whole.get("nftables").and_then(Value::as_array).ok_or_else(strange)?;
    let (mut tables, mut base_chains) = (Vec::new(), Vec::new());
    for object in objects {
        if let Some(table) = object.get("table") {
            tables.push((word(table, "family").ok_or_else(strange)?, word(table, "name").ok_or_else(strange)?));
        }
        if let Some(chain) = object.get("chain").filter(|chain| chain.get("hook").is_some()) {
            base_chains.push(base_chain(chain).ok_or_else(strange)?);
        }
    }
    mask_comments(&mut whole);
    Ok(Ruleset { whole: (!tables.is_empty()).then_some(whole), tables, base_chains })
}

fn word(object: &Value, key: &str) -> Option<String> {
    object.get(key)?.as_str().map(str::to_owned)
}

fn base_chain(chain: &Value) -> Option<BaseChain> {
    Some(BaseChain {
        family: word(chain, "family")?,
        table: word(chain, "table")?,
        name: word(chain, "name")?,
        hook: word(chain, "hook")?,
        priority: i32::try_from(chain.get("prio")?.as_i64()?).ok()?,
        kind: word(chain, "type")?,
        // Left out where it is the default (nft(8) "CHAINS").
        policy: word(chain, "policy").unwrap_or_else(|| "accept".to_owned()),
    })
}

fn mask_comments(value: &mut Value) {
    match value {
        Value::Object(object) => {
            for (key, value) in object.iter_mut() {
                match value {
                    Value::String(comment) if key == "comment" => *comment = mask(comment),
                    other => mask_comments(other),
                }
            }
        }
        Value::Array(array) => array.iter_mut().for_each(mask_comments),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_chains_and_tables() {
        let output = r#"{"nftables":[{"metainfo":{"version":"1.0.6","json_schema_version":1}},
          {"table":{"family":"inet","name":"fw","handle":1}},
          {"chain":{"family":"inet","table":"fw","name":"forward","handle":1,"type":"filter","hook":"forward","prio":-1,"policy":"drop"}},
          {"chain":{"family":"inet","table":"fw","name":"user","handle":2}},
          {"rule":{"family":"inet","table":"fw","chain":"user","handle":3,"comment":"token=PLANTED","expr":[{"accept":null}]}}]}"#;
        let ruleset = parse(output).expect("a ruleset");
        assert_eq!(ruleset.tables, [("inet".to_owned(), "fw".to_owned())]);
        assert_eq!(ruleset.base_chains.len(), 1);
        assert_eq!((ruleset.base_chains[0].priority, ruleset.base_chains[0].policy.as_str()), (-1, "drop"));
        assert!(!ruleset.whole.expect("tables").to_string().contains("PLANTED"));
    }

    #[test]
    fn an_empty_ruleset_and_what_is_none() {
        assert_eq!(parse(r#"{"nftables":[{"metainfo":{}}]}"#).expect("empty").whole, None);
        assert!(parse("").is_err());
        assert!(parse("{}").is_err());
        assert!(parse(r#"{"nftables":[{"chain":{"hook":"forward"}}]}"#).is_err());
    }
}
