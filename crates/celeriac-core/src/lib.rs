//! What a celeriac task is, and what a broker and a result store must do.
