//! The numeric taxonomy of scopes, contracts and files: service group, service type, object type
//! (`protocol/digime.md` §12 lists what is known of it; the schema version is ours).

/// Everything a service of one kind belongs to.
#[derive(Debug, PartialEq, Eq)]
pub struct ServiceGroup {
    /// Number on the wire.
    pub id: i64,
    /// Name in lower case, as file metadata spells it.
    pub reference: &'static str,
    /// Name for people.
    pub name: &'static str,
}

/// A kind of service, such as one bank aggregator or one social network.
#[derive(Debug, PartialEq, Eq)]
pub struct ServiceType {
    /// Number on the wire.
    pub id: i64,
    /// The service groups it may appear in.
    pub groups: &'static [i64],
    /// Name in lower case, as file metadata spells it.
    pub reference: &'static str,
    /// Name for people.
    pub name: &'static str,
}

/// A kind of object in mapped files.
#[derive(Debug, PartialEq, Eq)]
pub struct ObjectType {
    /// Number on the wire.
    pub id: i64,
    /// The service group it belongs to; media and posts belong to two.
    pub groups: &'static [i64],
    /// Name in lower case, as file metadata spells it.
    pub reference: &'static str,
    /// Name for people, plural.
    pub name: &'static str,
}

/// Version of the mapped object format, as file names and lists carry it.
pub const OBJECT_VERSION: &str = "1.0.0";

macro_rules! table {
    ($name:ident: $kind:ident = $(($id:literal, $($field:ident = $value:expr),+);)+) => {
        /// All entries, in ascending order of id.
        pub static $name: &[$kind] = &[$($kind { id: $id, $($field: $value),+ }),+];
    };
}

table! { SERVICE_GROUPS: ServiceGroup =
    (1, reference = "social", name = "Social");
    (2, reference = "medical", name = "Medical");
    (3, reference = "finance", name = "Finance");
    (4, reference = "health & fitness", name = "Health & Fitness");
    (5, reference = "entertainment", name = "Entertainment");
    (6, reference = "government", name = "Government");
}

table! { SERVICE_TYPES: ServiceType =
    (1, groups = &[1], reference = "facebook", name = "Facebook");
    (2, groups = &[1], reference = "facebookpage", name = "Facebook Page");
    (3, groups = &[1], reference = "twitter", name = "Twitter");
    (4, groups = &[1], reference = "instagram", name = "Instagram");
    (9, groups = &[1], reference = "pinterest", name = "Pinterest");
    (12, groups = &[1], reference = "flickr", name = "Flickr");
    (16, groups = &[2], reference = "icelandichealth", name = "Icelandic health");
    (17, groups = &[3], reference = "yodlee", name = "Yodlee");
    (18, groups = &[4], reference = "fitbit", name = "Fitbit");
    (19, groups = &[5], reference = "spotify", name = "Spotify");
    (20, groups = &[2], reference = "openepic", name = "OpenEpic");
    (21, groups = &[4], reference = "garmin", name = "Garmin");
    (22, groups = &[2], reference = "cerner", name = "Cerner");
    (25, groups = &[6], reference = "dvla", name = "DVLA");
    (28, groups = &[4], reference = "applehealth", name = "Apple Health");
    (30, groups = &[2], reference = "emis", name = "UK EMIS GP");
    (31, groups = &[1, 5], reference = "youtube", name = "YouTube");
    (40, groups = &[1], reference = "instagrambasic", name = "Instagram basic");
}

table! { OBJECT_TYPES: ObjectType =
    (1, groups = &[1, 5], reference = "media", name = "photos and videos");
    (2, groups = &[1, 5], reference = "post", name = "posts");
    (7, groups = &[1, 5], reference = "comment", name = "comments");
    (100, groups = &[2], reference = "admission", name = "admissions");
    (101, groups = &[2], reference = "arrivalambulatory", name = "ambulatory arrivals");
    (102, groups = &[2], reference = "arrivalprimaryhealth", name = "primary care visits");
    (103, groups = &[2], reference = "prescription", name = "prescriptions");
    (104, groups = &[2], reference = "medication", name = "medications");
    (105, groups = &[2], reference = "diagnosis", name = "diagnoses");
    (106, groups = &[2], reference = "vaccination", name = "vaccinations");
    (107, groups = &[2], reference = "allergy", name = "allergies");
    (108, groups = &[2], reference = "arrivalemergency", name = "emergency arrivals");
    (109, groups = &[2], reference = "prescribeditem", name = "prescribed items");
    (111, groups = &[2], reference = "measurement", name = "measurements");
    (201, groups = &[3], reference = "transaction", name = "transactions");
    (300, groups = &[4], reference = "activity", name = "activities");
    (301, groups = &[4], reference = "dailyactivitysummary", name = "daily activity summaries");
    (302, groups = &[4], reference = "achievement", name = "achievements");
    (303, groups = &[4], reference = "sleep", name = "nights of sleep");
    (304, groups = &[4], reference = "epochsummary", name = "epoch summaries");
    (305, groups = &[4], reference = "stresssummary", name = "stress summaries");
    (306, groups = &[4], reference = "bodycomposition", name = "body measurements");
    (307, groups = &[4], reference = "moveiq", name = "detected movements");
    (400, groups = &[5], reference = "track", name = "tracks");
    (401, groups = &[5], reference = "album", name = "albums");
    (403, groups = &[5], reference = "playlist", name = "playlists");
    (406, groups = &[5], reference = "playhistory", name = "plays");
    (407, groups = &[5], reference = "followedartist", name = "followed artists");
    (500, groups = &[6], reference = "vehicletest", name = "vehicle tests");
    (501, groups = &[6], reference = "vehicleregistration", name = "vehicle registrations");
}

/// The service group with this number.
#[must_use]
pub fn service_group(id: i64) -> Option<&'static ServiceGroup> {
    SERVICE_GROUPS.iter().find(|group| group.id == id)
}

/// The service type with this number.
#[must_use]
pub fn service_type(id: i64) -> Option<&'static ServiceType> {
    SERVICE_TYPES.iter().find(|kind| kind.id == id)
}

/// The object type with this number.
#[must_use]
pub fn object_type(id: i64) -> Option<&'static ObjectType> {
    OBJECT_TYPES.iter().find(|kind| kind.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_belongs_to_known_groups() {
        for groups in SERVICE_TYPES.iter().map(|t| t.groups).chain(OBJECT_TYPES.iter().map(|t| t.groups)) {
            assert!(!groups.is_empty());
            assert!(groups.iter().all(|id| service_group(*id).is_some()));
        }
    }

    #[test]
    fn ids_ascend() {
        assert!(OBJECT_TYPES.is_sorted_by_key(|t| t.id));
        assert!(SERVICE_TYPES.is_sorted_by_key(|t| t.id));
    }
}
