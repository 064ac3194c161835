// Package serve is the program kpref without its main: flags, environment, world file, the HTTP server with its limits,
// and a graceful end.
package serve
