package weather

import (
	"net/http"
	"slices"

	"github.com/kpspec/kpspec/reference"
	"github.com/kpspec/kpspec/reference/rpc"
)

// What the gateway refuses a request for in bad weather.
const (
	unavailable rpc.Fault = "weather: unavailable"

	throttling       rpc.Fault = "weather: throttling"
	throttlingOfUser rpc.Fault = "weather: throttling of the user"
	throttlingOfAPI  rpc.Fault = "weather: throttling of the api"
)

// throttled are the faults of throttling. The documents tell them apart without saying which limit is whose.
var throttled = []rpc.Fault{throttling, throttlingOfUser, throttlingOfAPI}

// rows are those of the gateway's list of error codes, which all products share.
var rows = map[rpc.Fault]rpc.Row{
	unavailable:      {Status: http.StatusServiceUnavailable, Code: "ServiceUnavailable", Message: "The request has failed due to a temporary failure of the server."},
	throttling:       {Status: http.StatusBadRequest, Code: "Throttling", Message: "Request was denied due to request throttling."},
	throttlingOfUser: {Status: http.StatusBadRequest, Code: "Throttling.User", Message: "Request was denied due to user flow control."},
	throttlingOfAPI:  {Status: http.StatusBadRequest, Code: "Throttling.Api", Message: "Request was denied due to api flow control."},
}

// Into puts the weather into the parts of a server: its refusals into the gateway, and its delay into the lists.
func (w *Weather) Into(p *reference.Parts) {
	gateway := p.Gateway()
	for _, product := range gateway.Products {
		for fault, row := range rows {
			product.Errors[fault] = row
		}
	}
	if gateway.Checks == nil {
		gateway.Checks = rpc.Checks()
	}
	insert(gateway, "format", rpc.NewCheck("weather: unavailable", func(r *http.Request, _ *rpc.Params) rpc.Fault {
		if t := turnOf(r.Context()); t != nil && t.unavailable {
			t.meet("unavailable")
			return unavailable
		}
		return ""
	}))
	insert(gateway, "nonce", rpc.NewCheck("weather: throttling", func(r *http.Request, _ *rpc.Params) rpc.Fault {
		if t := turnOf(r.Context()); t != nil && t.throttling > 0 {
			t.meet("throttling")
			return throttled[t.throttling-1]
		}
		return ""
	}))
	w.delay(p.ECS().Store, p.ECS().Product.Operation("DescribeKeyPairs"))
	w.delay(p.SWAS().Store, p.SWAS().Product.Operation("ListKeyPairs"))
}

// insert puts a check behind the one of that name.
func insert(gateway *rpc.Config, behind string, check rpc.Check) {
	at := 1 + slices.IndexFunc(gateway.Checks, func(c rpc.Check) bool { return c.Name == behind })
	gateway.Checks = slices.Insert(gateway.Checks, at, check)
}
