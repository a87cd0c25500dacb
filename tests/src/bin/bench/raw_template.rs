use crate::raw_client::RawRequest;

/// A request that is made once, and sent for other ids each time.
pub(crate) struct RawTemplate {
    request: RawRequest,
    /// Where the ids stand: the place of each, and which one it is.
    places: Vec<(usize, usize)>,
}

impl RawTemplate {
    /// Makes the request for so many ids of the length of a UUID.
    pub(crate) fn new(count: usize, request: impl Fn(&[String]) -> RawRequest) -> Self {
        let marks: Vec<String> = (0..count).map(|n| format!("{n:0>36}")).collect();
        let request = request(&marks);
        let mut places = Vec::new();
        for (n, mark) in marks.iter().enumerate() {
            let found = request.0.windows(mark.len()).enumerate();
            let found = found.filter(|(_, window)| *window == mark.as_bytes());
            places.extend(found.map(|(place, _)| (place, n)));
        }
        Self { request, places }
    }

    /// The request for these ids, as many as it was made for.
    pub(crate) fn of(&mut self, ids: &[String]) -> &RawRequest {
        for (place, n) in &self.places {
            let id = ids[*n].as_bytes();
            self.request.0[*place..place + id.len()].copy_from_slice(id);
        }
        &self.request
    }
}
