use std::collections::BTreeMap;

/// What the shop sells, and how much of it is left; a database in a real shop. Tasks get it as
/// `State<Catalog>`.
#[derive(Debug)]
pub(crate) struct Catalog {
    stock: BTreeMap<&'static str, u32>,
}

/// An order for something that is not to be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CatalogError {
    #[error("no product `{0}`")]
    Unknown(String),
    #[error("only {left} of `{product}` left, {wanted} wanted")]
    OutOfStock {
        product: String,
        wanted: u32,
        left: u32,
    },
}

impl Catalog {
    pub(crate) fn sample() -> Self {
        Self {
            stock: BTreeMap::from([("celeriac", 40), ("parsnip", 12), ("salsify", 0)]),
        }
    }

    pub(crate) fn check(&self, product: &str, wanted: u32) -> Result<(), CatalogError> {
        match self.stock.get(product) {
            None => Err(CatalogError::Unknown(product.to_owned())),
            Some(&left) if left < wanted => Err(CatalogError::OutOfStock {
                product: product.to_owned(),
                wanted,
                left,
            }),
            Some(_) => Ok(()),
        }
    }

    pub(crate) fn products(&self) -> impl Iterator<Item = (&'static str, u32)> {
        self.stock.iter().map(|(product, left)| (*product, *left))
    }
}
