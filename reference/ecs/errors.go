package ecs

import (
	"errors"
	"net/http"

	"github.com/kpspec/kpspec/reference/keypair"
	"github.com/kpspec/kpspec/reference/operation"
	"github.com/kpspec/kpspec/reference/refusal"
)

// What a step refuses a call for, beside the sentinels of the packages operation and keypair. A row of [Rules.Errors] with such a cause says
// what the caller sees of it.
var (
	ErrResourceGroup  = errors.New("resource group does not exist")
	ErrNames          = errors.New("names to delete are not valid")
	ErrTooManyNames   = errors.New("too many names to delete")
	ErrAcceptLanguage = errors.New("language is not known")
	ErrResourceType   = errors.New("resource type is not known")
	ErrChargeType     = errors.New("charge type is not known")
)

// errorRows are the error tables of the operations in one, each cause with one row. Nothing in them depends on the
// edition.
func errorRows() refusal.Table {
	const bad, forbidden, absent = http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound
	row := refusal.For
	return refusal.Table{
		// ImportKeyPair
		row(keypair.ErrName, bad, "InvalidKeyPairName.Malformed", "Specified Key Pair name is not valid."),
		row(keypair.ErrKey, bad, "InvalidPublicKeyBody.Malformed", "The PublicKeyBody format is not supported."),
		row(operation.ErrMissing, bad, "MissingParameter",
			`The input parameter "{name}" that is mandatory for processing this request is not supplied.`),
		row(keypair.ErrExists, bad, "KeyPair.AlreadyExist", "The key pair already exist."),
		row(keypair.ErrQuota, forbidden, "QuotaExceed.KeyPair", "The key pair quota exceeds."),
		row(ErrResourceGroup, absent, "InvalidResourceGroup.NotFound", "The ResourceGroup provided does not exist in our records."),
		// CreateKeyPair; the page leaves the message of QuotaExceed.Tags open
		row(keypair.ErrTagDuplicate, bad, "Duplicate.TagKey", "The Tag.N.Key contain duplicate key."),
		row(keypair.ErrTagKey, bad, "InvalidTagKey.Malformed", "The specified Tag.n.Key is not valid."),
		row(keypair.ErrTagValue, bad, "InvalidTagValue.Malformed", "The specified Tag.n.Value is not valid."),
		row(keypair.ErrTagCount, forbidden, "QuotaExceed.Tags", "The maximum number of tags is exceeded."),
		// DeleteKeyPairs; the page's message speaks of instances
		row(ErrNames, bad, "InvalidKeyPairNames.ValueNotSupported", `The specified parameter "KeyPairNames" is not valid.`),
		row(ErrTooManyNames, forbidden, "InstanceKeyPairLimitExceeded",
			"Exceeding the allowed amount of instance which will be deleted."),
		// DescribeKeyPairs of 2018, the last page that has any
		row(operation.ErrInvalid, bad, "InvalidParameter", `The specified parameter "{name}" is not valid.`),
		// DescribeRegions; its page is known by code only
		row(ErrChargeType, forbidden, "Invalid.InstanceChargeType", "The specified InstanceChargeType is not valid."),
		row(ErrAcceptLanguage, absent, "InvalidAcceptLanguage.NotFound", "The specified AcceptLanguage does not exist."),
		row(ErrResourceType, absent, "InvalidResourceType.NotFound", "The specified ResourceType does not exist."),
		// the table of common errors
		row(operation.ErrRegion, absent, "InvalidRegionId.NotFound", "The specified RegionId does not exist."),
	}
}
