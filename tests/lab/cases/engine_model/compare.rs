//! The model's answer beside the engine's deeds.

use super::reality::Answer;
use serde_json::Value;

/// What an engine without a free pool says: 20.10 to 26.1, and since 27.
const USED_UP: [&str; 3] = [
    "available, non-overlapping IPv4 address pool among the defaults",
    "all predefined address pools have been fully subnetted",
    // The nested-prefix defect again: what the allocator finds is another network's.
    "networks have overlapping IPv4",
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Agreed,
    /// The model said that it does not know, and what happened is among what it held possible.
    Uncertain,
    Mismatch(String),
}

/// Where the two differ.
pub fn compare(answer: &Answer) -> Verdict {
    let asked = &answer.asked;
    let Some(certain) = asked["certain"].as_bool() else {
        return Verdict::Mismatch("no prediction".to_owned());
    };
    let outcome = if certain { sure(asked, answer) } else { candidates(asked, answer) };
    match outcome {
        Err(difference) => Verdict::Mismatch(difference),
        Ok(()) if certain => Verdict::Agreed,
        Ok(()) => Verdict::Uncertain,
    }
}

fn candidates(asked: &Value, answer: &Answer) -> Result<(), String> {
    let Some(first) = answer.networks.first() else { return Ok(()) };
    if subnets(&asked["candidates"]).contains(first) {
        return Ok(());
    }
    Err(format!("{first} is not among the candidates"))
}

fn sure(asked: &Value, answer: &Answer) -> Result<(), String> {
    if let Some(start) = &answer.start {
        let starts = asked["starts"].as_bool().ok_or("certain, but not whether it starts")?;
        match start {
            Ok(()) if !starts => return Err(format!("it starts, against {}", asked["start_error"])),
            Err(said) if starts => return Err(format!("it does not start: {said}")),
            Err(said) => {
                let text = asked["start_error"]
                    .as_str()
                    .filter(|text| !text.is_empty())
                    .ok_or("no text of the failed start")?;
                return if said.contains(text) { Ok(()) } else { Err(format!("its words are: {said}")) };
            }
            Ok(()) => {}
        }
        let docker0 = asked["docker0"].as_str().unwrap_or("-");
        let bridge = answer.bridge.as_deref().unwrap_or("-");
        if docker0 != bridge {
            return Err(format!("docker0 has {bridge}, not {docker0}"));
        }
    }
    networks(asked, answer)
}

fn networks(asked: &Value, answer: &Answer) -> Result<(), String> {
    if answer.networks.is_empty() && answer.refused.is_none() {
        return Ok(()); // a restart, after which nobody asked for networks
    }
    let expected = subnets(&asked["networks"]);
    if let Some((place, (real, expected))) =
        answer.networks.iter().zip(&expected).enumerate().find(|(_, (real, expected))| real != expected)
    {
        return Err(format!("network {} gets {real}, not {expected}", place + 1));
    }
    let remaining = asked["remaining"].as_u64().ok_or("no count of what remains")? as usize;
    if expected.len() != remaining.min(3) {
        return Err(format!("{} networks foretold, and {remaining} remain", expected.len()));
    }
    match &answer.refused {
        Some(said) if !USED_UP.iter().any(|text| said.contains(text)) => {
            Err(format!("refused for another reason: {said}"))
        }
        Some(_) if answer.networks.len() != remaining => {
            Err(format!("refused after {} networks, not {remaining}", answer.networks.len()))
        }
        None if remaining <= 5 => Err(format!("{} networks could be made, not {remaining}", answer.networks.len())),
        _ => Ok(()),
    }
}

fn subnets(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(|subnet| subnet.as_str().map(str::to_owned)).collect()
}
