package ecs

import (
	. "github.com/onsi/ginkgo/v2"

	. "github.com/kpspec/kpspec/suites/vocabulary"
)

// The refusals that the tables of errors know, of ImportKeyPair where its own
// table has the row, otherwise of the sister operation CreateKeyPair or of the
// table of errors common to ECS operations.
var (
	nameMalformed  = Row{Status: 400, Code: "InvalidKeyPairName.Malformed", Message: "Specified Key Pair name is not valid."}
	keyMalformed   = Row{Status: 400, Code: "InvalidPublicKeyBody.Malformed", Message: "The PublicKeyBody format is not supported."}
	keyMissing     = missing("PublicKeyBody")
	alreadyExists  = Row{Status: 400, Code: "KeyPair.AlreadyExist", Message: "The key pair already exist."}
	quotaExceeded  = Row{Status: 403, Code: "QuotaExceed.KeyPair", Message: "The key pair quota exceeds."}
	groupNotFound  = Row{Status: 404, Code: "InvalidResourceGroup.NotFound", Message: "The ResourceGroup provided does not exist in our records."}
	regionNotFound = Row{Status: 404, Code: "InvalidRegionId.NotFound"}
	tagKeyInvalid  = Row{Status: 400, Code: "InvalidTagKey.Malformed"}
	tagValInvalid  = Row{Status: 400, Code: "InvalidTagValue.Malformed"}
	tagDuplicate   = Row{Status: 400, Code: "Duplicate.TagKey"}
	tagsExceeded   = Row{Status: 403, Code: "QuotaExceed.Tags"}
)

func missing(parameter string) Row {
	return Row{Status: 400, Code: "MissingParameter", Message: `The input parameter "` + parameter + `" that is mandatory for processing this request is not supplied.`}
}

// ImportKeyPair builds the specs of ECS ImportKeyPair, in the order of the files, by which Ginkgo sorts them: what is
// nearly in order is sorted sooner.
func ImportKeyPair(k *Kit) {
	Describe("ECS ImportKeyPair", func() {
		k.Section("ECS answer", func() { answer(k) })
		k.Section("ECS key", func() { key(k) })
		k.Section("ECS name", func() { name(k) })
		k.Section("ECS permission", func() { permission(k) })
		k.Section("ECS request", func() { request(k) })
		k.Section("ECS group and tags", func() { groupAndTags(k) })
	})
	k.Section("ECS quota", func() { quota(k) })
}
