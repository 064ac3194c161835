// Package swas has the key pair operations of the Simple Application Server, version 2020-06-01, and ListRegions and
// ListInstances, which a client needs beside them. Each operation stands in a file of its own and is thin over package
// keypair.
//
// # How an operation is written
//
// An operation is two ordered lists of named steps and an answer made from what they found out, see package operation.
//
// Every operation with an effect takes a ClientToken. What its effects answer is remembered by package idempotence, so
// that the same call with the same token has one effect; the checks are made again. A CreateKeyPair that is sent
// again answers the same private key. RequestId is that of the call, not that of the first. The operations that only read
// check the token's form and answer anew.
//
// # What is data
//
// [Rules] has the limits, sets of characters, algorithms and error rows. The documents have three error codes; all other rows are
// [Choice], the reference's own, and can be replaced without touching an operation.
//
// # Where the documents are silent
//
//   - A parameter sent with an empty value counts as not sent. Lists come as InstanceIds.1, InstanceIds.2 and so on, with
//     gaps if need be, or as one JSON array of strings, which the command line tool sends; not as both. Number 0, an empty
//     element and a number above the limit are refused. What stands twice in a list counts once.
//   - A ClientToken has at most 64 characters of ASCII. [TokenScope] says how far it reaches.
//   - The algorithms are those that the service's guide lists, certificates included; of its words rsa, dsa and ecdsa the
//     names of SSH are taken.
//   - A region that the world has not is refused by every operation that has a RegionId.
//   - A name must follow the rule for names wherever a pair is worked on, a Chinese first character included. As a filter of
//     ListKeyPairs it is compared exactly, and what is no name finds nothing. DeleteKeyPairs passes over names that no pair has.
//   - Which servers a pair can be bound to is asked one by one: a Windows server, and one that is neither running nor
//     stopped, gets a failed result with the status code of its error row, while the others are bound. Unknown servers are
//     [Unknown]'s choice. A pair that does not exist refuses the whole call.
//   - DetachKeyPair fails for a server that has another pair or none, and needs no state of the server.
//   - DescribeInstanceKeyPair of a server without a pair answers an empty KeyPairName and an empty Fingerprint.
//   - TotalCount is the number of servers asked for, FailCount that of the failed results.
//   - ListInstances has no other filter than InstanceIds; it ignores the rest.
package swas
