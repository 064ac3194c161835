package vocabulary

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	ecsapi "github.com/alibabacloud-go/ecs-20140526/v4/client"
	swasapi "github.com/alibabacloud-go/swas-open-20200601/v3/client"

	"github.com/kpspec/kpspec/harness/wire"
)

// ecsImport is the request as the official SDK models it. What the SDK cannot say
// is an error: such a request belongs to Send.
func ecsImport(call wire.Call) (*ecsapi.ImportKeyPairRequest, error) {
	request := &ecsapi.ImportKeyPairRequest{}
	for _, p := range call.Params {
		switch {
		case p.Name == "RegionId":
			request.SetRegionId(p.Value)
		case p.Name == "KeyPairName":
			request.SetKeyPairName(p.Value)
		case p.Name == "PublicKeyBody":
			request.SetPublicKeyBody(p.Value)
		case p.Name == "ResourceGroupId":
			request.SetResourceGroupId(p.Value)
		case strings.HasPrefix(p.Name, "Tag."):
			if err := typedTag(request, p); err != nil {
				return nil, err
			}
		default:
			return nil, fmt.Errorf("the SDK's ImportKeyPair request has no parameter %s", p.Name)
		}
	}
	return request, nil
}

func typedTag(request *ecsapi.ImportKeyPairRequest, p wire.Param) error {
	number, member, _ := strings.Cut(strings.TrimPrefix(p.Name, "Tag."), ".")
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > len(request.Tag)+1 {
		return fmt.Errorf("the SDK numbers tags from 1 without gaps, it cannot send %s", p.Name)
	}
	if n > len(request.Tag) {
		request.Tag = append(request.Tag, &ecsapi.ImportKeyPairRequestTag{})
	}
	switch member {
	case "Key":
		request.Tag[n-1].SetKey(p.Value)
	case "Value":
		request.Tag[n-1].SetValue(p.Value)
	default:
		return fmt.Errorf("a tag has no member %s", p.Name)
	}
	return nil
}

// swasCall sends the request as the official SDK models it.
func swasCall(ctx context.Context, sdk *wire.SWASSDK, call wire.Call) (*wire.Answer, error) {
	set := func(name string) *string {
		for _, p := range call.Params {
			if p.Name == name {
				return &p.Value
			}
		}
		return nil
	}
	var answer *wire.Answer
	switch call.Action {
	case "ImportKeyPair":
		_, answer = sdk.ImportKeyPair(ctx, &swasapi.ImportKeyPairRequest{
			RegionId: set("RegionId"), KeyPairName: set("KeyPairName"), PublicKeyBody: set("PublicKeyBody"), ClientToken: set("ClientToken"),
		})
	case "CreateKeyPair":
		_, answer = sdk.CreateKeyPair(ctx, &swasapi.CreateKeyPairRequest{
			RegionId: set("RegionId"), KeyPairName: set("KeyPairName"), ClientToken: set("ClientToken"),
		})
	case "AttachKeyPair":
		request := &swasapi.AttachKeyPairRequest{RegionId: set("RegionId"), KeyPairName: set("KeyPairName"), ClientToken: set("ClientToken")}
		for _, id := range Repeated(call, "InstanceIds") {
			request.InstanceIds = append(request.InstanceIds, &id)
		}
		_, answer = sdk.AttachKeyPair(ctx, request)
	default:
		return nil, fmt.Errorf("the SDK is not used for %s", call.Action)
	}
	return answer, nil
}
