use super::*;
use serde_json::{Value, json};

fn encoder() -> bert::Config {
    let changes = json!({"vocab_size": 100, "hidden_size": 50, "num_hidden_layers": 4, "intermediate_size": 8,
                         "max_position_embeddings": 64});
    serde_json::from_value(fixtures::encoder(changes)).unwrap()
}

fn configuration(blocks: &str, changes: Value) -> Configuration {
    let mut configuration = fixtures::configuration(json!({"blocks": blocks, "epochs": 3}));
    configuration.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    Configuration::from_json(&configuration.to_string()).unwrap()
}

fn network(configuration: &Configuration) -> Network<'_> {
    let Checked::Network(definition) = check::model(configuration, &encoder(), 2, 64).unwrap() else {
        panic!("a network")
    };
    Network { configuration, definition: *definition }
}

const VOLUME: Volume = Volume { train: 1000.0, validation: 100.0, test: 400.0, n_test: 10 };

#[test]
fn time_counts_every_epoch_and_the_test_split_once_more() {
    let configuration = configuration("first:2", json!({}));
    let speed = Speed { training: 10.0, scoring: 50.0 };
    assert_eq!(seconds(&network(&configuration), speed, &VOLUME), (300.0, (3.0 * 500.0 + 400.0) / 50.0));
}

#[test]
fn time_adds_up_over_runs_and_disk_holds_every_model_but_one_set_of_checkpoints() {
    let (one, two) = (configuration("first:1", json!({})), configuration("first:4", json!({"epochs": 6})));
    let networks = [network(&one), network(&two)];
    let speed = |training| Speed { training, scoring: 1e12 };
    let speeds = BTreeMap::from([(networks[0].kind(), Speeds([(1, speed(10.0)), (4, speed(5.0))].into()))]);
    let text = costs(&networks, &speeds, &VOLUME);
    assert!(
        text.starts_with("time     about 25 min 0 s on this device, one run at a time: 25 min 0 s of training"),
        "{text}"
    );
    assert_eq!(networks[0].bytes(), 4.0 * (8300.0 + 100.0 + 11_258.0 + 2550.0 + 102.0));
}

#[test]
fn a_kind_is_what_affects_the_speed_except_depth() {
    let kind = |blocks: &str, changes| network(&configuration(blocks, changes)).kind();
    assert_eq!(kind("first:1", json!({})), kind("last:3", json!({"batch_size": 4})));
    for changes in [
        json!({"precision": "bf16"}),
        json!({"head": {"kind": "bilstm"}}),
        json!({"head": {"kind": "bilstm", "read_out": "first-padding"}}),
        json!({"encoder_dropout": 0.1}),
    ] {
        assert_ne!(kind("first:1", json!({})), kind("first:1", changes));
    }
    let lstm = |read_out| kind("first:1", json!({"head": {"kind": "bilstm", "read_out": read_out}}));
    assert_ne!(lstm("ends"), lstm("first-padding"));
}

#[test]
fn the_shallowest_and_the_deepest_of_each_kind_are_measured() {
    let all = ["first:2", "first:1", "last:4", "first:3"].map(|blocks| configuration(blocks, json!({})));
    let lone = configuration("none", json!({"head": {"kind": "bilstm"}}));
    let networks: Vec<Network<'_>> = all.iter().chain([&lone]).map(network).collect();
    let mut depths: Vec<usize> = measured(&networks).into_iter().map(Network::depth).collect();
    depths.sort_unstable();
    assert_eq!(depths, [0, 1, 4]);
}
