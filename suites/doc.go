// Package suites runs the specs of kpspec against a target.
//
// There are three doors to it. [Execute] runs them in this process against a
// target that is already up and returns the report; the kpspec command is made
// of it. [Run] is one line in anybody's Go test. And `ginkgo ./suites` or
// `go test ./suites` runs the specs of this repository, against the embedded
// reference unless KPSPEC_CONFIG names another target.
//
// The specs stand in one package per product; the words they are written in
// are the package vocabulary.
package suites
