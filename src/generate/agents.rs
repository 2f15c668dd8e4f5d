//! The clients that call, by who uses them: long strings, as real ones are.

/// SDKs inside functions, containers and pods.
pub(super) const SDK: &[&str] = &[
    "Boto3/1.34.131 md/Botocore#1.34.131 ua/2.0 os/linux#5.10.226 md/arch#x86_64 lang/python#3.12.7 exec-env/AWS_Lambda_python3.12",
    "Boto3/1.35.74 Python/3.11.10 Linux/6.1.119 Botocore/1.35.74",
    "Boto3/1.36.11 md/Botocore#1.36.11 ua/2.1 os/linux#6.1.124 md/arch#aarch64 lang/python#3.13.1 m/Z,b,D cfg/retry-mode#adaptive",
    "aws-sdk-java/2.29.52 md/io#sync md/http#Apache ua/2.1 os/Linux#5.10.230 lang/java#17.0.13 md/en cfg/auth-source#prof m/D,N",
    "aws-sdk-java/2.25.60 Linux/6.1.109 OpenJDK_64-Bit_Server_VM/21.0.5+11-LTS Java/21.0.5 io/async http/NettyNio cfg/retry-mode/standard",
    "aws-sdk-java/1.12.779 Linux/5.10.228 OpenJDK_64-Bit_Server_VM/11.0.25+9-LTS java/11.0.25 exec-env/AWS_ECS_FARGATE cfg/retry-mode/legacy",
    "aws-sdk-java/1.12.655 Linux/5.10.217-183.860.amzn2int.x86_64 OpenJDK_64-Bit_Server_VM/25.412-b08 java/1.8.0_412 scala/2.12.17 vendor/Oracle_Corporation",
    "aws-sdk-js/3.716.0 ua/2.1 os/linux#5.10.227 lang/js md/nodejs#20.18.1 api/dynamodb#3.716.0 exec-env/AWS_Lambda_nodejs20.x m/E,n",
    "aws-sdk-js/3.624.0 ua/2.0 os/linux#6.1.102 lang/js md/nodejs#18.20.4 api/s3#3.624.0 m/E",
    "aws-sdk-nodejs/2.1692.0 linux/v16.20.2 exec-env/AWS_Lambda_nodejs16.x promise",
    "aws-sdk-go-v2/1.32.7 ua/2.1 os/linux lang/go#1.23.4 md/GOOS#linux md/GOARCH#arm64 api/sqs#1.37.4 m/g",
    "aws-sdk-go-v2/1.30.3 os/linux lang/go#1.22.5 md/GOOS#linux md/GOARCH#amd64 api/kms#1.35.3",
    "aws-sdk-go/1.55.5 (go1.22.7; linux; amd64) amazon-vpc-cni-k8s",
    "aws-sdk-go/1.51.6 (go1.22.4; linux; amd64) cluster-autoscaler/v1.30.2",
    "karpenter.sh-1.1.1 aws-sdk-go-v2/1.32.6 ua/2.1 os/linux lang/go#1.23.2 md/GOOS#linux api/ec2#1.198.0 m/C,g",
    "aws-sdk-rust/1.3.3 ua/2.1 api/s3/1.65.0 os/linux lang/rust/1.81.0 m/E,b",
    "aws-sdk-cpp/1.11.442 ua/2.0 md/aws-crt#0.29.3 os/Linux#6.1.112 md/arch#x86_64 lang/c++#C++14 md/GCC#11.4.1 api/Kinesis",
    "aws-sdk-dotnet-coreclr/3.7.411.2 ua/2.0 os/linux#5.10.0.0 md/ARCH#X64 lang/.NET_Core#8.0.11 md/ClientAsync",
    "aws-sdk-ruby3/3.214.0 ua/2.1 api/sns#1.92.0 os/linux#6.1.119 md/x86_64 lang/ruby#3.3.6 m/E,N",
    "aws-sdk-php/3.336.2 ua/2.1 OS/Linux#6.1.115 lang/php#8.3.14 GuzzleHttp/7",
    "Datadog/7.60.1 aws-sdk-go/1.55.5 (go1.22.8; linux; amd64)",
    "Hadoop 3.3.6-amzn-5, aws-sdk-java/1.12.705 Linux/5.10.223 OpenJDK_64-Bit_Server_VM/17.0.12+7-LTS java/17.0.12 exec-env/EMR_7.5.0",
    "S3A/3.4.0 Spark/3.5.2-amzn-1 aws-sdk-java/2.28.8 md/io#sync md/http#Apache ua/2.0 os/Linux#6.1.115 lang/java#17.0.13 hll/cross-region",
    "fluent-bit/1.9.10 aws-fluent-bit-plugin",
];

/// Agents that run on instances.
pub(super) const HOST: &[&str] = &[
    "aws-sdk-go/1.55.5 (go1.22.7; linux; amd64) amazon-ssm-agent/3.3.1345.0",
    "aws-sdk-go/1.44.260 (go1.21.12; linux; arm64) amazon-ssm-agent/3.3.987.0",
    "CWAgent/1.300049.1 (go1.23.2; linux; amd64) ID/6b1f7a1c-2f0d-4a55-9d1e-1c1f4bb53a2e inputs:(cpu disk mem statsd) outputs:(cloudwatch)",
    "Boto3/1.26.165 Python/3.9.20 Linux/6.1.119-129.201.amzn2023.x86_64 Botocore/1.29.165",
    "aws-cli/2.19.1 md/awscrt#0.22.0 ua/2.0 os/linux#6.1.115 md/arch#x86_64 lang/python#3.12.6 md/command#s3.cp",
    "aws-sdk-go-v2/1.27.1 os/linux lang/go#1.21.10 md/GOOS#linux md/GOARCH#amd64 api/ecr#1.28.0 amazon-ecs-agent/1.89.2",
    "aws-kinesis-agent/2.0.11 Linux/5.10.226-214.880.amzn2.x86_64 OpenJDK_64-Bit_Server_VM/25.432-b06 java/1.8.0_432",
];

/// The command line, on laptops and servers.
pub(super) const CLI: &[&str] = &[
    "aws-cli/2.22.12 md/awscrt#0.23.4 ua/2.0 os/macos#24.2.0 md/arch#arm64 lang/python#3.12.8 md/command#sts.get-caller-identity",
    "aws-cli/2.17.0 md/awscrt#0.20.11 ua/2.0 os/windows#10 md/arch#amd64 lang/python#3.11.8 md/command#ec2.describe-instances",
    "aws-cli/2.13.22 Python/3.11.5 Linux/5.15.0-1051-aws exe/x86_64.ubuntu.22 prompt/off command/s3.sync",
    "aws-cli/1.36.9 md/Botocore#1.35.68 ua/2.0 os/linux#5.15.0-126-generic md/arch#x86_64 lang/python#3.10.12 botocore/1.35.68",
    "aws-cli/2.22.35 md/awscrt#0.23.4 ua/2.1 os/linux#6.8.0-51-generic md/arch#x86_64 lang/python#3.12.6 m/C md/command#logs.tail",
    "Boto3/1.35.90 md/Botocore#1.35.90 ua/2.0 os/macos#23.6.0 md/arch#arm64 lang/python#3.12.4 Botocore/1.35.90",
    "aws-sdk-java/1.12.261 Linux/4.18.0-553.16.1.el8_10.x86_64 OpenJDK_64-Bit_Server_VM/11.0.24+8-LTS java/11.0.24 groovy/2.4.21 jenkins/2.462.3",
    "rclone/v1.68.2",
    "S3 Browser/12.2.9 (https://s3browser.com)",
    "Cyberduck/9.0.4.42214 (Mac OS X/15.2) (aarch64)",
];

/// Build pipelines.
pub(super) const PIPELINE: &[&str] = &[
    "APN/1.0 HashiCorp/1.0 Terraform/1.9.8 (+https://www.terraform.io) terraform-provider-aws/5.82.2 (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.32.7 ua/2.1 os/linux lang/go#1.23.3 md/GOOS#linux md/GOARCH#amd64 api/ec2#1.198.1",
    "APN/1.0 HashiCorp/1.0 Terraform/1.5.7 (+https://www.terraform.io) terraform-provider-aws/4.67.0 (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go/1.44.261 (go1.19.8; linux; amd64)",
    "APN/1.0 HashiCorp/1.0 Terraform/1.10.3 (+https://www.terraform.io) terraform-provider-aws/5.81.0 (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.32.6 ua/2.1 os/linux lang/go#1.23.3",
    "APN/1.0 Pulumi/1.0 PulumiAWS/6.66.2 (+https://www.pulumi.com) aws-sdk-go-v2/1.32.7 ua/2.1 os/linux lang/go#1.23.4 md/GOOS#linux md/GOARCH#amd64 api/sts#1.33.3",
    "aws-cdk/2.173.2 aws-sdk-js/3.699.0 ua/2.1 os/linux#6.8.0-1018-azure lang/js md/nodejs#20.18.1 api/cloudformation#3.699.0 m/n,E",
    "Boto3/1.35.60 md/Botocore#1.35.60 ua/2.0 os/linux#6.5.0-1025-azure md/arch#x86_64 lang/python#3.12.7 Botocore/1.35.60",
    "docker/27.4.0 go/go1.22.10 git-commit/92a8393 kernel/6.8.0-1018-azure os/linux arch/amd64 UpstreamClient(Docker-Client/27.4.0 \\(linux\\))",
];

/// Browsers, and the consoles behind them.
pub(super) const CONSOLE: &[&str] = &[
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/132.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:135.0) Gecko/20100101 Firefox/135.0",
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:134.0) Gecko/20100101 Firefox/134.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Safari/605.1.15",
    "S3Console/0.4, aws-internal/3 aws-sdk-java/1.12.750 Linux/5.10.234-225.895.amzn2int.x86_64 OpenJDK_64-Bit_Server_VM/25.442-b06 java/1.8.0_442 vendor/Oracle_Corporation cfg/retry-mode/standard",
    "AWSCloudWatchLogsConsole, aws-internal/3 aws-sdk-java/1.12.779 Linux/5.10.233-204.894.amzn2int.x86_64 OpenJDK_64-Bit_Server_VM/17.0.13+11-LTS java/17.0.13 vendor/Amazon.com_Inc. cfg/retry-mode/standard",
    "AWS Internal",
    "AWS Internal/3",
];

/// Browsers alone: those one signs in with.
pub(super) const BROWSERS: usize = 6;
