// Package selftest holds the tests of the suite itself: that it is green on the
// reference, that it covers the catalogue, that no rule passes on a server that
// implements nothing. They run the suite many times in one process, which is
// why they stand apart from the specs.
package selftest
