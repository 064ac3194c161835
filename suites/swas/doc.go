// Package swas holds the specs of the operations of the Simple Application
// Server, one file per operation. What ImportKeyPair and CreateKeyPair have in
// common, the name and the client token, stands in keypair.go.
//
// A region of SWAS holds ten key pairs only, and a server one binding: these
// specs never run beside each other.
package swas
