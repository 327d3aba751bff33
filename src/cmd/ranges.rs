//! Address ranges as people type them.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

use crate::engine::startup::{NotCidr, parse_cidr, without_zeros};
use crate::exit::Refusal;
use crate::text::{Text, text};

/// A range in its canonical form.
///
/// # Errors
/// One sentence: it is none, or it is written otherwise than it is meant; then with the form that is meant.
pub fn cidr(option: &str, said: &str) -> Result<IpNet, Refusal> {
    let said = said.trim();
    let refused = |message: Text| Err(Refusal::usage(option, message));
    let net = match parse_cidr(said) {
        Ok(net) => net,
        Err(NotCidr::LeadingZero) => return refused(leading_zero(option, said)),
        Err(NotCidr::NoLength(address)) => {
            let whole = IpNet::from(address);
            return refused(text!(
                "{address}, given to {option}, has no prefix length; the single address is {whole}",
                "{option} 的 {address} 缺少前缀长度；单个地址请写作 {whole}"
            ));
        }
        Err(NotCidr::Garbage) => {
            return refused(text!(
                "{said:?} is no address range for {option}; write it like 10.20.0.0/16 or fd00:20::/64",
                "{said:?} 不是 {option} 可用的地址段；写法如 10.20.0.0/16 或 fd00:20::/64"
            ));
        }
    };
    let range = net.trunc();
    if range != net {
        return refused(text!(
            "{net}, given to {option}, is an address inside its range; did you mean {range}?",
            "{option} 的 {net} 是地址段内的某个地址；您是不是想用 {range}？"
        ));
    }
    if said.rsplit('/').next().is_some_and(|length| length.len() > 1 && length.starts_with('0')) {
        return refused(leading_zero(option, said));
    }
    if let IpAddr::V6(address) = net.addr()
        && let Some(mapped) = address.to_ipv4_mapped()
        && let Ok(v4) = Ipv4Net::new(mapped, net.prefix_len().saturating_sub(96))
    {
        return refused(text!(
            "{net}, given to {option}, is an IPv4 range written as IPv6; did you mean {v4}?",
            "{option} 的 {net} 是写成 IPv6 形式的 IPv4 地址段；您是不是想用 {v4}？"
        ));
    }
    Ok(net)
}

/// `010.1.0.0/16`: octal to some programs, decimal to others, refused by the engine.
fn leading_zero(option: &str, said: &str) -> Text {
    let (address, length) = said.split_once('/').unwrap_or((said, ""));
    let plain = without_zeros(address).map_or_else(|| address.to_owned(), |plain| plain.to_string());
    let length = length.trim_start_matches('0');
    let meant = format!("{plain}/{}", if length.is_empty() { "0" } else { length });
    // What is left to put right besides the zeros is put right at once.
    let meant = meant.parse::<IpNet>().map_or(meant, |net| net.trunc().to_string());
    text!(
        "{said}, given to {option}, has leading zeros, which some programs read as octal; did you mean {meant}?",
        "{option} 的 {said} 含有前导零，有的程序会按八进制解读；您是不是想用 {meant}？"
    )
}

/// A whole number within these bounds.
///
/// # Errors
/// One sentence with the bounds.
pub fn number(option: &str, said: &str, least: usize, most: usize) -> Result<usize, Refusal> {
    let plain = said == "0" || (!said.starts_with('0') && !said.is_empty() && said.bytes().all(|b| b.is_ascii_digit()));
    match said.parse::<usize>() {
        Ok(number) if plain && (least..=most).contains(&number) => Ok(number),
        _ => Err(Refusal::usage(
            option,
            text!(
                "{said:?} is no value for {option}; it takes whole numbers from {least} to {most}",
                "{said:?} 不是 {option} 的有效值；可用的值为 {least} 到 {most} 的整数"
            ),
        )),
    }
}
