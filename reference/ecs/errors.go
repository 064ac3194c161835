package ecs

import (
	"errors"
	"net/http"
	"strings"

	"github.com/kpspec/kpspec/reference/keypair"
	"github.com/kpspec/kpspec/reference/rpc"
)

// What a step refuses a call for, beside the sentinels of package keypair. A row of [Rules.Errors] with such a cause says
// what the caller sees of it.
var (
	ErrMissing        = errors.New("mandatory parameter is missing") // of a parameter
	ErrInvalid        = errors.New("parameter is not valid")         // of a parameter
	ErrRegion         = errors.New("region does not exist")
	ErrResourceGroup  = errors.New("resource group does not exist")
	ErrNames          = errors.New("names to delete are not valid")
	ErrTooManyNames   = errors.New("too many names to delete")
	ErrAcceptLanguage = errors.New("language is not known")
	ErrResourceType   = errors.New("resource type is not known")
	ErrChargeType     = errors.New("charge type is not known")
)

// ErrorRow is one row of an error table.
type ErrorRow struct {
	Cause         error // the sentinel that leads here
	Status        int
	Code, Message string // {name} stands for the parameter that the error is about
}

// errorRows are the error tables of the operations in one, each cause with one row. Nothing in them depends on the
// edition.
func errorRows() []ErrorRow {
	const bad, forbidden, absent = http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound
	return []ErrorRow{
		// ImportKeyPair
		{keypair.ErrName, bad, "InvalidKeyPairName.Malformed", "Specified Key Pair name is not valid."},
		{keypair.ErrKey, bad, "InvalidPublicKeyBody.Malformed", "The PublicKeyBody format is not supported."},
		{ErrMissing, bad, "MissingParameter",
			`The input parameter "{name}" that is mandatory for processing this request is not supplied.`},
		{keypair.ErrExists, bad, "KeyPair.AlreadyExist", "The key pair already exist."},
		{keypair.ErrQuota, forbidden, "QuotaExceed.KeyPair", "The key pair quota exceeds."},
		{ErrResourceGroup, absent, "InvalidResourceGroup.NotFound", "The ResourceGroup provided does not exist in our records."},
		// CreateKeyPair; the page leaves the message of QuotaExceed.Tags open
		{keypair.ErrTagDuplicate, bad, "Duplicate.TagKey", "The Tag.N.Key contain duplicate key."},
		{keypair.ErrTagKey, bad, "InvalidTagKey.Malformed", "The specified Tag.n.Key is not valid."},
		{keypair.ErrTagValue, bad, "InvalidTagValue.Malformed", "The specified Tag.n.Value is not valid."},
		{keypair.ErrTagCount, forbidden, "QuotaExceed.Tags", "The maximum number of tags is exceeded."},
		// DeleteKeyPairs; the page's message speaks of instances
		{ErrNames, bad, "InvalidKeyPairNames.ValueNotSupported", `The specified parameter "KeyPairNames" is not valid.`},
		{ErrTooManyNames, forbidden, "InstanceKeyPairLimitExceeded",
			"Exceeding the allowed amount of instance which will be deleted."},
		// DescribeKeyPairs of 2018, the last page that has any
		{ErrInvalid, bad, "InvalidParameter", `The specified parameter "{name}" is not valid.`},
		// DescribeRegions; its page is known by code only
		{ErrChargeType, forbidden, "Invalid.InstanceChargeType", "The specified InstanceChargeType is not valid."},
		{ErrAcceptLanguage, absent, "InvalidAcceptLanguage.NotFound", "The specified AcceptLanguage does not exist."},
		{ErrResourceType, absent, "InvalidResourceType.NotFound", "The specified ResourceType does not exist."},
		// the table of common errors
		{ErrRegion, absent, "InvalidRegionId.NotFound", "The specified RegionId does not exist."},
	}
}

// about says which parameter a sentinel is about.
type about struct {
	parameter string
	cause     error
}

func (a about) Error() string { return a.parameter + ": " + a.cause.Error() }
func (a about) Unwrap() error { return a.cause }

// refusal turns the error of a step into what the caller sees: its row, or the error as it is when no row has its cause,
// which the gateway reports as an internal error.
func (r *Rules) refusal(err error) error {
	for _, row := range r.Errors {
		if !errors.Is(err, row.Cause) {
			continue
		}
		var a about
		errors.As(err, &a)
		return &rpc.Error{
			Status: row.Status, Code: row.Code, Message: strings.ReplaceAll(row.Message, "{name}", a.parameter),
		}
	}
	return err
}
