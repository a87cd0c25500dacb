//! For tests only: the conformance suite, the fault proxy, the emulator fixture.

pub mod conformance;
pub mod emulator;
pub mod fault_proxy;
