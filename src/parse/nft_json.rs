//! Output of `nft -j list …` (libnftables-json(5)).

use serde_json::Value;

use super::mask::mask;
use crate::text::{Text, text};

/// The objects of one listing, without the one about nft itself; comments that look like a secret are masked.
///
/// # Errors
/// A sentence when the output is not of this format.
pub fn objects(output: &str) -> Result<Vec<Value>, Text> {
    let strange = || text!("the output of `nft -j list` is not of its format", "`nft -j list` 的输出不符合其格式");
    let mut whole: Value = serde_json::from_str(output).map_err(|_| strange())?;
    let Some(Value::Array(objects)) = whole.get_mut("nftables").map(Value::take) else { return Err(strange()) };
    let mut objects: Vec<Value> = objects.into_iter().filter(|object| object.get("metainfo").is_none()).collect();
    objects.iter_mut().for_each(mask_free_text);
    Ok(objects)
}

/// The family and table that an object belongs to, or is.
pub fn table_of(object: &Value) -> Option<(&str, &str)> {
    let (kind, body) = object.as_object()?.iter().next()?;
    let name = body.get(if kind == "table" { "name" } else { "table" })?;
    Some((body.get("family")?.as_str()?, name.as_str()?))
}

/// The name of the chain that an object is, or is a rule of.
pub fn chain_of(object: &Value) -> Option<&str> {
    let (kind, body) = object.as_object()?.iter().next()?;
    body.get(if kind == "chain" { "name" } else { "chain" })?.as_str()
}

/// The words an admin wrote into comments and log prefixes.
fn mask_free_text(value: &mut Value) {
    match value {
        Value::Object(object) => {
            for (key, value) in object.iter_mut() {
                match value {
                    Value::String(text) if key == "comment" || key == "prefix" => *text = mask(text),
                    other => mask_free_text(other),
                }
            }
        }
        Value::Array(array) => array.iter_mut().for_each(mask_free_text),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_say_where_they_belong_and_keep_no_secret() {
        let output = r#"{"nftables":[{"metainfo":{"version":"1.0.6","json_schema_version":1}},
          {"table":{"family":"inet","name":"fw","handle":1}},
          {"chain":{"family":"inet","table":"fw","name":"forward","handle":1,"type":"filter","hook":"forward","prio":-1,"policy":"drop"}},
          {"set":{"family":"inet","name":"s","table":"fw","type":"ipv4_addr","elem":[{"prefix":{"addr":"10.0.0.0","len":8}}]}},
          {"rule":{"family":"inet","table":"fw","chain":"user","handle":3,"comment":"token=PLANTED",
            "expr":[{"log":{"prefix":"psk=PLANTED"}},{"accept":null}]}}]}"#;
        let objects = objects(output).expect("a ruleset");
        assert_eq!(objects.len(), 4);
        assert!(objects.iter().all(|object| table_of(object) == Some(("inet", "fw"))));
        let chains: Vec<Option<&str>> = objects.iter().map(chain_of).collect();
        assert_eq!(chains, [None, Some("forward"), None, Some("user")]);
        let whole = serde_json::to_string(&objects).expect("JSON");
        assert!(!whole.contains("PLANTED") && whole.contains("10.0.0.0"));
    }

    #[test]
    fn an_empty_ruleset_and_what_is_none() {
        assert!(objects(r#"{"nftables":[{"metainfo":{}}]}"#).expect("empty").is_empty());
        assert!(objects("").is_err());
        assert!(objects("{}").is_err());
        assert_eq!(table_of(&serde_json::json!({"rule": {}})), None);
    }
}
