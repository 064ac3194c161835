package cli

// Variable is an environment variable that kpspec heeds.
type Variable struct {
	Name    string
	Meaning string // one sentence without its full stop
}

// Variables lists the environment variables that kpspec and the libraries in it
// heed, beside those that a configuration names itself with env:NAME.
func Variables() []Variable {
	return []Variable{
		{"NO_COLOR", "anything but empty: no colours on a terminal"},
		{"TERM", "dumb: no progress in place and no colours"},
		{"GITHUB_ACTIONS", "true in a job of GitHub Actions: kpspec run annotates it"},
		{"XDG_STATE_HOME", "folder that holds kpspec/, the folder of the ledgers, instead of ~/.local/state; in kpspec's image /out"},
		{"KPSPEC_CONFIG", "configuration file for ginkgo ./suites and go test ./suites; the program takes --config"},
		{"KPSPEC_REPORT", "file that ginkgo ./suites and go test ./suites write report.json to; the program takes --report"},
		{"SSL_CERT_FILE", "file with the authorities (PEM) that an endpoint's certificate may be signed by, instead of the system's"},
		{"SSL_CERT_DIR", "folders with such files, with colons between them"},
		{"GOGC", "how much garbage kpref lets come together, in percent of what is in use, instead of 400; kpspec as any Go program, 100"},
		{"DOCKER_HOST", "address of the container engine, where it is not the local one"},
		{"TESTCONTAINERS_RYUK_DISABLED", "false: the engine's helper removes the container should kpspec be killed; its image is pulled"},
	}
}
