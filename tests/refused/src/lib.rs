//! Canvases that must not compile stand in `canvas/`, each with what the compiler says of it.
