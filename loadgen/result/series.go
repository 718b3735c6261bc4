package result

import (
	"github.com/chainmail-iot/chainmail/loadgen/measure"
	"github.com/chainmail-iot/chainmail/reports"
)

// mostPoints bounds a series: enough for a plot of any width. Steps of longer
// runs are joined.
const mostPoints = 2000

// series tells the run over time, in steps of one interval or more.
func series(t *measure.Totals) reports.LoadSeries {
	step := max(t.Interval, 1)
	for int64(t.End/step) > mostPoints {
		step *= 2
	}
	s := reports.LoadSeries{Step: reports.InMilliseconds(step), Points: []reports.LoadPoint{}}
	var joined *measure.Point
	emit := func() {
		if joined != nil {
			s.Points = append(s.Points, point(joined))
		}
	}
	for _, p := range t.Points {
		if from := p.From.Truncate(step); joined == nil || joined.From != from {
			emit()
			joined = &measure.Point{From: from, To: from + step, Figures: new(measure.Figures)}
		}
		joined.Figures.Add(p.Figures)
		joined.Process.Add(p.Process)
		joined.Open, joined.InFlight = p.Open, p.InFlight
	}
	emit()
	return s
}

func point(p *measure.Point) reports.LoadPoint {
	ok := func(role measure.Role, stage measure.Stage) *measure.StageFigures {
		return p.Of(measure.StageKey{Role: role, Stage: stage})
	}
	ms := reports.InMilliseconds
	r := reports.LoadPoint{
		At: ms(p.From), Open: p.Open, InFlight: p.InFlight, Lost: p.Lost, Sent: p.Sent, Received: p.Received,
		Connect99: ms(ok(measure.Good, measure.StageConnect).Latency.Quantile(0.99)),
		Token99:   ms(ok(measure.Good, measure.StageToken).Latency.Quantile(0.99)),
		Lag99:     ms(p.Lag.Quantile(0.99)), Processor: ms(p.Process.User + p.Process.System),
	}
	if len(p.Causes) > 0 {
		r.Troubles = causes(p.Figures)
	}
	for _, role := range measure.Roles() {
		r.Due += p.Due[role]
		r.Dropped += p.Results[role][measure.ResultDropped]
		r.Connects += ok(role, measure.StageConnect).Count() + ok(role, measure.StageReconnect).Count()
		r.Tokens += ok(role, measure.StageToken).Count() + ok(role, measure.StageRenewal).Count()
	}
	return r
}
