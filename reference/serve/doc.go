// Package serve is the program kpref without its main: flags, environment, world file, the HTTP servers with their limits,
// and a graceful end.
package serve
