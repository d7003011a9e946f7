//! Who is behind an app by law, as Kantara receipts have to name them (CR v1.1.0, 4.4.3 to 4.4.8).

use serde::{Deserialize, Serialize};

use crate::{Invalid, document::is_country, text::check_line};

/// Who is behind an app by law: the controller of what it gets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Controller {
    /// The name in the register of companies, or the person's own; 1 to 200 characters.
    pub legal_name: String,
    /// Where post reaches them.
    pub address: PostalAddress,
    /// A telephone number as RFC 3966 writes it, with the country: `tel:+44-20-7946-0018`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// Where post reaches somebody, with the members of schema.org's `PostalAddress`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PostalAddress {
    /// Street and number, or a post box; 1 to 200 characters.
    pub street_address: String,
    /// At most 20 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// Town or city; 1 to 100 characters.
    pub address_locality: String,
    /// County, province or state; at most 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_region: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub address_country: String,
}

impl Controller {
    /// Names what is wrong with it; `field` is where it stands.
    pub(crate) fn check(&self, field: &str, problems: &mut Vec<Invalid>) {
        check_line(&format!("{field}.legalName"), &self.legal_name, 200, problems);
        self.address.check(&format!("{field}.address"), problems);
        if self.phone.as_deref().is_some_and(|phone| !is_global_number(phone)) {
            let reason = "must be a telephone number as RFC 3966 writes it, such as tel:+44-20-7946-0018";
            problems.push(Invalid::new(format!("{field}.phone"), reason));
        }
    }
}

impl PostalAddress {
    fn check(&self, field: &str, problems: &mut Vec<Invalid>) {
        check_line(&format!("{field}.streetAddress"), &self.street_address, 200, problems);
        check_line(&format!("{field}.addressLocality"), &self.address_locality, 100, problems);
        for (name, text, max) in
            [("postalCode", &self.postal_code, 20), ("addressRegion", &self.address_region, 100)]
        {
            if let Some(text) = text {
                check_line(&format!("{field}.{name}"), text, max, problems);
            }
        }
        if !is_country(&self.address_country) {
            let reason = "must be a country by its two letters of ISO 3166, such as NL";
            problems.push(Invalid::new(format!("{field}.addressCountry"), reason));
        }
    }
}

/// A global number of RFC 3966, section 3: `tel:+`, then digits and visual separators; no parameters.
fn is_global_number(text: &str) -> bool {
    let Some(number) = text.strip_prefix("tel:+") else { return false };
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    (4..=15).contains(&digits)
        && number.len() <= 40
        && number.bytes().all(|byte| byte.is_ascii_digit() || b"-.()".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tidemark() -> Controller {
        Controller {
            legal_name: "Tidemark Health B.V.".to_owned(),
            address: PostalAddress {
                street_address: "Kade 14".to_owned(),
                address_locality: "Amsterdam".to_owned(),
                address_country: "NL".to_owned(),
                ..PostalAddress::default()
            },
            phone: Some("tel:+31-20-555-0199".to_owned()),
        }
    }

    fn wrong(controller: &Controller) -> Vec<String> {
        let mut problems = vec![];
        controller.check("controller", &mut problems);
        problems.into_iter().map(|problem| problem.field).collect()
    }

    #[test]
    fn what_is_missing_or_misspelt_is_named() {
        assert_eq!(wrong(&tidemark()), [""; 0]);
        let empty = [
            "controller.legalName",
            "controller.address.streetAddress",
            "controller.address.addressLocality",
            "controller.address.addressCountry",
        ];
        assert_eq!(wrong(&Controller::default()), empty);
    }

    #[test]
    fn a_telephone_number_has_its_country_in_front() {
        for fine in ["tel:+442079460018", "tel:+44-(20)-7946.0018"] {
            assert_eq!(wrong(&Controller { phone: Some(fine.to_owned()), ..tidemark() }), [""; 0], "{fine}");
        }
        for phone in [
            "",
            "+442079460018",
            "tel:02079460018",
            "tel:+",
            "tel:+44 20",
            "tel:+44x",
            "tel:+1234567890123456",
        ] {
            let other = Controller { phone: Some(phone.to_owned()), ..tidemark() };
            assert_eq!(wrong(&other), ["controller.phone"], "{phone}");
        }
    }
}
