// Package manual writes the page of reference of both programs: commands and
// flags, keys of the configuration, environment variables, exit codes and rules.
//
// Nothing on it is written by hand. The flags are those of the commands
// themselves, the keys those of the structs that read them, the rules those of
// the catalogue; so the page is true as long as it is current, which a test sees
// to. `make docs` writes it anew.
package manual
