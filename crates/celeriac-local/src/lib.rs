//! Broker and result store on embedded SQLite: quickstart, tests, one-machine use.
