//! Reads the host. Each source has its own time limit; what is late or may not be read says so and stops nobody else.
