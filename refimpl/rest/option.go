package rest

import (
	"strings"

	"github.com/chainmail-iot/chainmail/refimpl/registry"
)

// badInCategory are the characters that the API forbids in a category, besides white space.
const badInCategory = "$&+,/:;=?@\"<>#%{}|\\^~[]`"

func (a *API) listOptions(c call) (answer, *problem) {
	return ok(page(c, "options", a.config.Registry.Options(c.tenant), func(o registry.Option) any {
		return optionObject(c, o)
	})), nil
}

func optionObject(c call, o registry.Option) map[string]string {
	return map[string]string{
		"category": o.Category, "key": o.Key, "value": o.Value,
		"self": c.url("/tenant/options/" + o.Category + "/" + o.Key),
	}
}

func (a *API) addOption(c call) (answer, *problem) {
	var o registry.Option
	if p := c.decode(&o); p != nil {
		return answer{}, p
	}
	return a.setOption(c, o)
}

func (a *API) changeOption(c call) (answer, *problem) {
	var o registry.Option
	if p := c.decode(&o); p != nil {
		return answer{}, p
	}
	o.Category, o.Key = c.PathValue("category"), c.PathValue("key")
	return a.setOption(c, o)
}

// setOption stores any string: what a value means is for whoever reads it (DC-TOK-07 is
// kept when a token is issued). The API answers 200 to a new option too.
func (a *API) setOption(c call, o registry.Option) (answer, *problem) {
	if p := validOption(o); p != nil {
		return answer{}, p
	}
	if err := a.config.Registry.SetOptions(c.tenant, o); err != nil {
		return answer{}, optionNotFound()
	}
	return ok(optionObject(c, o)), nil
}

func validOption(o registry.Option) *problem {
	if o.Category == "" || o.Key == "" || strings.ContainsAny(o.Category, badInCategory+" \t\r\n") {
		return unprocessable("options/Unprocessable Entity", "The category or the key is not valid.")
	}
	return nil
}

func (a *API) readCategory(c call) (answer, *problem) {
	values := map[string]string{}
	for _, o := range a.config.Registry.Options(c.tenant) {
		if o.Category == c.PathValue("category") {
			values[o.Key] = o.Value
		}
	}
	return ok(values), nil
}

// changeCategory sets several options of one category, all or none.
func (a *API) changeCategory(c call) (answer, *problem) {
	var values map[string]string
	if p := c.decode(&values); p != nil {
		return answer{}, p
	}
	category := c.PathValue("category")
	options := make([]registry.Option, 0, len(values))
	for key, value := range values {
		o := registry.Option{Category: category, Key: key, Value: value}
		if p := validOption(o); p != nil {
			return answer{}, p
		}
		options = append(options, o)
	}
	if err := a.config.Registry.SetOptions(c.tenant, options...); err != nil {
		return answer{}, optionNotFound()
	}
	return ok(values), nil
}

func (a *API) readOption(c call) (answer, *problem) {
	category, key := c.PathValue("category"), c.PathValue("key")
	value, found := a.config.Registry.Option(c.tenant, category, key)
	if !found {
		return answer{}, optionNotFound()
	}
	return ok(optionObject(c, registry.Option{Category: category, Key: key, Value: value})), nil
}

func (a *API) deleteOption(c call) (answer, *problem) {
	if err := a.config.Registry.DeleteOption(c.tenant, c.PathValue("category"), c.PathValue("key")); err != nil {
		return answer{}, optionNotFound()
	}
	return noContent(), nil
}

func optionNotFound() *problem { return notFound("options/Not Found", "Option not found.") }
