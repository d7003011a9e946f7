//! Which addresses may be called: public ones, by https.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

const MAX_LENGTH: usize = 2000;

/// What apps may give as an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Whether http on this machine is allowed too, for trying things out.
    pub sandbox: bool,
}

/// What is wrong with an address, and what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlProblem {
    /// Not an address.
    #[error("is not an address; write it in full, such as https://app.example/signals")]
    Malformed,
    /// Too long.
    #[error("must have at most 2000 characters; shorten it")]
    TooLong,
    /// Neither https nor, in the sandbox, http on this machine.
    #[error("must begin with https://")]
    Scheme,
    /// With a user name or password.
    #[error("must not have a user name or password; leave out what stands before @")]
    UserInfo,
    /// With a fragment.
    #[error("must not have a fragment; leave out # and what follows")]
    Fragment,
    /// On this machine or in a network of its own.
    #[error("must be a host that can be reached from anywhere")]
    NotPublic,
}

/// Reads an address that an app gave. A host that is a name is checked again at every attempt, once it is resolved.
pub fn check_url(text: &str, policy: Policy) -> Result<Url, UrlProblem> {
    if text.len() > MAX_LENGTH {
        return Err(UrlProblem::TooLong);
    }
    let url = Url::parse(text).map_err(|_| UrlProblem::Malformed)?;
    let host = url.host().ok_or(UrlProblem::Scheme)?;
    match url.scheme() {
        "https" => {}
        "http" if policy.sandbox && is_this_machine(&host) => {}
        _ => return Err(UrlProblem::Scheme),
    }
    // `https://@host` has neither and still looks like something else.
    let authority =
        text.split_once("//").map_or("", |(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or(""));
    if !url.username().is_empty() || url.password().is_some() || authority.contains('@') {
        return Err(UrlProblem::UserInfo);
    }
    if url.fragment().is_some() {
        return Err(UrlProblem::Fragment);
    }
    let allowed = match host {
        Host::Ipv4(ip) => policy.admits(ip.into()),
        Host::Ipv6(ip) => policy.admits(ip.into()),
        Host::Domain(name) => !is_local_name(name) || policy.sandbox,
    };
    if allowed { Ok(url) } else { Err(UrlProblem::NotPublic) }
}

fn is_this_machine(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
        Host::Domain(name) => is_local_name(name),
    }
}

/// Names that mean the machine itself (RFC 6761, section 6.3).
fn is_local_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

impl Policy {
    /// Whether an address may be connected to.
    #[must_use]
    pub fn admits(self, ip: IpAddr) -> bool {
        is_public(ip) || (self.sandbox && ip.is_loopback())
    }

    /// Whether a name may lead to an address: a name of this machine leads nowhere else.
    #[must_use]
    pub fn admits_for(self, name: &str, ip: IpAddr) -> bool {
        if is_local_name(name) { self.sandbox && ip.is_loopback() } else { self.admits(ip) }
    }
}

/// Whether an address is one that anybody on the Internet can reach: none of the special-purpose ranges of IANA's
/// registries (RFC 6890 and later), no metadata service of a cloud, and none of these inside an IPv6 address.
#[must_use]
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    const REFUSED: [([u8; 4], u32); 17] = [
        // This network; private; shared by carriers (RFC 6598); this machine.
        ([0, 0, 0, 0], 8),
        ([10, 0, 0, 0], 8),
        ([100, 64, 0, 0], 10),
        ([127, 0, 0, 0], 8),
        // Link-local, where most clouds keep their metadata; private.
        ([169, 254, 0, 0], 16),
        ([172, 16, 0, 0], 12),
        // Protocol assignments, where one cloud keeps its metadata; documentation; anycast services; private.
        ([192, 0, 0, 0], 24),
        ([192, 0, 2, 0], 24),
        ([192, 31, 196, 0], 24),
        ([192, 52, 193, 0], 24),
        ([192, 88, 99, 0], 24),
        ([192, 168, 0, 0], 16),
        // Measurements; documentation.
        ([198, 18, 0, 0], 15),
        ([198, 51, 100, 0], 24),
        ([203, 0, 113, 0], 24),
        // The metadata service of one cloud, in the middle of a public range.
        ([168, 63, 129, 16], 32),
        // Multicast, reserved and broadcast.
        ([224, 0, 0, 0], 3),
    ];
    let differs = |net: [u8; 4]| ip.to_bits() ^ u32::from_be_bytes(net);
    !REFUSED.into_iter().any(|(net, bits)| differs(net) >> (32 - bits) == 0)
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    if let Some(inner) = ip.to_ipv4_mapped() {
        return is_public_v4(inner);
    }
    let segments = ip.segments();
    let [.., a, b] = segments;
    let tail = Ipv4Addr::from((u32::from(a) << 16) | u32::from(b));
    match segments {
        // NAT64 (RFC 6052): what is meant is the IPv4 address at its end.
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => is_public_v4(tail),
        // Protocol assignments with Teredo and ORCHID, documentation, 6to4.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0xfff, ..] => false,
        // Of the rest only global unicast; not: this machine, unique local, link-local, site-local, multicast, the
        // local NAT64 prefix, and forms with an IPv4 address that nobody uses any more.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PUBLIC: Policy = Policy { sandbox: false };
    const SANDBOX: Policy = Policy { sandbox: true };

    #[test]
    fn what_lies_behind_walls_is_refused() {
        for ip in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.8.8.8",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "168.63.129.16",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "192.88.99.1",
            "::",
            "::1",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "2001:db8::1",
            "3fff::1",
            "2001::1",
            "2001:10::1",
            "2001:20::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a00:1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::a00:1",
            "64:ff9b:1::808:808",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "2002:808:808::1",
            "::127.0.0.1",
            "::8.8.8.8",
            "100::1",
            "5f00::1",
        ] {
            let parsed: IpAddr = ip.parse().unwrap();
            assert!(!is_public(parsed), "{ip}");
            assert_eq!(SANDBOX.admits(parsed), parsed.is_loopback(), "{ip}");
        }
    }

    #[test]
    fn what_anybody_can_reach_is_not() {
        for ip in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.0.0.1",
            "128.0.0.1",
            "169.253.0.1",
            "169.255.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "192.167.0.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "2001:4860::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
        ] {
            assert!(is_public(ip.parse().unwrap()), "{ip}");
        }
    }

    #[test]
    fn only_https_to_a_public_host_is_an_address() {
        for fine in ["https://app.example/signals", "https://app.example:8443/x?y=z", "https://8.8.8.8/"] {
            assert!(check_url(fine, PUBLIC).is_ok(), "{fine}");
        }
        for (wrong, problem) in [
            ("http://app.example/", UrlProblem::Scheme),
            ("http://localhost:80/", UrlProblem::Scheme),
            ("ftp://app.example/", UrlProblem::Scheme),
            ("file:///etc/passwd", UrlProblem::Scheme),
            ("data:text/plain,x", UrlProblem::Scheme),
            ("app.example/signals", UrlProblem::Malformed),
            ("", UrlProblem::Malformed),
            ("https://user@app.example/", UrlProblem::UserInfo),
            ("https://user:pw@app.example/", UrlProblem::UserInfo),
            ("https://@app.example/", UrlProblem::UserInfo),
            ("https://app.example/#x", UrlProblem::Fragment),
            ("https://127.0.0.1/", UrlProblem::NotPublic),
            ("https://localhost/", UrlProblem::NotPublic),
            ("https://a.localhost./", UrlProblem::NotPublic),
            ("https://[::1]/", UrlProblem::NotPublic),
            ("https://[::ffff:10.0.0.1]/", UrlProblem::NotPublic),
            // Decimal, octal, hexadecimal and short spellings of 127.0.0.1 and 169.254.169.254.
            ("https://2130706433/", UrlProblem::NotPublic),
            ("https://0177.0.0.1/", UrlProblem::NotPublic),
            ("https://0x7f.1/", UrlProblem::NotPublic),
            ("https://0xa9fea9fe/", UrlProblem::NotPublic),
            ("https://127.1/", UrlProblem::NotPublic),
            ("https://１２７.0.0.1/", UrlProblem::NotPublic),
        ] {
            assert_eq!(check_url(wrong, PUBLIC).unwrap_err(), problem, "{wrong}");
        }
        assert_eq!(
            check_url(&format!("https://app.example/{}", "a".repeat(2000)), PUBLIC),
            Err(UrlProblem::TooLong)
        );
    }

    #[test]
    fn the_sandbox_adds_this_machine_and_nothing_else() {
        for fine in
            ["http://127.0.0.1:3000/", "http://localhost:3000/", "http://[::1]:1/", "https://localhost/"]
        {
            assert!(check_url(fine, SANDBOX).is_ok(), "{fine}");
        }
        for wrong in
            ["http://app.example/", "http://10.0.0.1/", "https://10.0.0.1/", "http://localhost.example/"]
        {
            assert!(check_url(wrong, SANDBOX).is_err(), "{wrong}");
        }
        assert!(!SANDBOX.admits_for("localhost", "8.8.8.8".parse().unwrap()));
        assert!(SANDBOX.admits_for("localhost", "127.0.0.1".parse().unwrap()));
        assert!(!PUBLIC.admits_for("localhost", "127.0.0.1".parse().unwrap()));
    }

    proptest! {
        #[test]
        fn an_ipv6_form_of_an_address_is_no_way_around(bits: u32) {
            let v4 = Ipv4Addr::from_bits(bits);
            let nat64: Ipv6Addr = format!("64:ff9b::{v4}").parse().unwrap();
            prop_assert_eq!(is_public(v4.into()), is_public(v4.to_ipv6_mapped().into()));
            prop_assert_eq!(is_public(v4.into()), is_public(nat64.into()));
        }

        #[test]
        fn reading_anything_at_all_never_panics(text: String) {
            let _ = check_url(&text, PUBLIC);
            let _ = check_url(&format!("https://{text}"), SANDBOX);
        }
    }
}
