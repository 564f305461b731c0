package pipeline

import "mlopsgo/prefectclient"

// Flows are the flows of the whole loop, for one MLflow and one storage. Make them with [NewFlows], serve them with a worker
// ([Flows.All]) and deploy them with [Deployment].
type Flows struct {
	// WineQuality is "Wine Quality", the whole loop with the others as its subflows.
	WineQuality *prefectclient.Flow[WineQualityParameters, *Registered]
	// Ingestion is "Ingestion", Exploration "Exploration", Baselines "Baselines".
	Ingestion   *prefectclient.Flow[IngestionParameters, *Ingested]
	Exploration *prefectclient.Flow[ExplorationParameters, *Explored]
	Baselines   *prefectclient.Flow[BaselinesParameters, []Baseline]
	// Registration is "Main Registration Flow", see [Registration.Flow].
	Registration *prefectclient.Flow[RegistrationParameters, *Registered]
	// Study is "Hyper-Parameter Optimisation".
	Study *prefectclient.Flow[StudyParameters, *Studied]
	// Trial is "HPO Trial", for studies on a [Pool], which make its deployment.
	Trial *prefectclient.Flow[TrialParameters, TrialResult]
}

// NewFlows makes the flows; what the registration says of the client, the loader and local data holds for all of them.
func NewFlows(r Registration) (*Flows, error) {
	r, err := r.complete()
	if err != nil {
		return nil, err
	}
	f := &Flows{Ingestion: ingestions{r}.flow(), Exploration: explorations{r}.flow(), Baselines: baselineFlows{r}.flow(), Study: studies{r}.flow()}
	if f.Trial, err = (&Trials{Client: r.Client, Loader: r.Loader}).Flow(); err != nil {
		return nil, err
	}
	if f.Registration, err = r.Flow(); err != nil {
		return nil, err
	}
	f.WineQuality = f.wineQuality()
	return f, nil
}

// All are the flows, for a worker.
func (f *Flows) All() []prefectclient.AnyFlow {
	return append(f.Others(), f.Trial, f.Registration)
}

// Others are the flows that a user starts, but the registration, for [Deployment].
func (f *Flows) Others() []prefectclient.AnyFlow {
	return []prefectclient.AnyFlow{f.WineQuality, f.Ingestion, f.Exploration, f.Baselines, f.Study}
}
