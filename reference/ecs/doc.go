// Package ecs has the key pair operations of the Elastic Compute Service, version 2014-05-26, and DescribeRegions. Each
// operation stands in a file of its own and is thin over package keypair.
//
// # How an operation is written
//
// An operation is two ordered lists of named steps and an answer made from what they found out, see package operation.
// Operations share steps: ImportKeyPair and CreateKeyPair differ in where the public key comes from.
//
// The documents give no order of checks. Here it is: what is mandatory, region, name, public key, tags, resource group,
// name in use, quota.
//
// # What is data
//
// [Rules] has everything that a document states as a limit, a set of characters, a list of algorithms or an error row;
// [RulesOf] has them for each edition of the documents. A step raises a sentinel error, and [Rules.Errors] says what the
// caller sees of it.
//
// # Where the documents are silent
//
//   - A parameter sent with an empty value counts as not sent, be it mandatory or not. In a filter by tag an empty value
//     and none differ: the one asks for the empty value, the other for any.
//   - CreateKeyPair and ImportKeyPair share one rule for names and one for tags, those of ImportKeyPair; error codes for
//     tags come from the page of CreateKeyPair, the only one that has any.
//   - Tags may have gaps in their numbers. Tag.0 is refused like a bad key, and a number above 20 like a tag too many.
//   - An unknown region is refused by every operation that has a RegionId.
//   - Each account has a default resource group, see [DefaultResourceGroup]. A filter by a resource group that does not
//     exist finds nothing, and so does one by text that is no fingerprint.
//   - DeleteKeyPairs takes one to a hundred names as a JSON array of strings, and passes over names that no pair has.
//     Anything else is InvalidKeyPairNames.ValueNotSupported, a bare name too, which two old examples show.
//   - DescribeRegions lists every region as available, under the host it was called at: a client that follows an
//     endpoint must not end up at the real service.
package ecs
