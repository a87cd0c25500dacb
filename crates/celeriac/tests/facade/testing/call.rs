use celeriac::prelude::*;

#[task(name = "shop.total")]
fn total(prices: Vec<i64>) -> i64 {
    prices.iter().sum()
}

#[test]
fn prices_are_summed() {
    assert_eq!(total::call(vec![1, 2, 3]), 6);
}
