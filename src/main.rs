fn main() -> std::process::ExitCode {
    dnetctl::run(std::env::args_os())
}
